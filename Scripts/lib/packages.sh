# Debian packages, by what needs them. Sourced by the scripts; does nothing by itself.

# Libraries that the tool links.
BUILD_PACKAGES="libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libswresample-dev libsndfile1-dev libopenblas-dev \
libarchive-dev libsqlite3-dev libssl-dev libxxhash-dev \
libcurl4-openssl-dev pkg-config"
# What the demo makes its clips and stand-in vectors with.
DEMO_PACKAGES="ffmpeg python3 python3-numpy"
# What the tests hold the output against.
TEST_PACKAGES="python3-torch python3-venv python3-pil gcc libc6-dev xz-utils openmpi-bin libopenmpi3"
# What check-readers runs the public package with.
READER_PACKAGES="python3-torch python3-torchaudio python3-venv ffmpeg"
# What check-remote-cache makes its clips and watches processes with; its server is not installed but unpacked.
CACHE_PACKAGES="libpcre2-8-0 curl strace ffmpeg python3 python3-venv python3-numpy"

# What check-captions runs its judge with.
CAPTION_PACKAGES="python3-venv default-jre-headless"

# What check-cluster makes its networks and clips with, and what it unpacks.
CLUSTER_PACKAGES="iproute2 util-linux ffmpeg python3 python3-numpy"
SLURM_PACKAGES="slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge libpmix2"

# install_packages NAME…: installs what is missing, and says what that is. Quick when nothing is.
install_packages() {
  local missing="" package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
  done
  if [ -z "$missing" ]; then return 0; fi
  echo "installing Debian packages:$missing"
  local root=""
  [ "$(id -u)" = 0 ] || root="sudo"
  $root apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# need_swift: Swift itself is not a Debian package.
need_swift() {
  command -v swift >/dev/null || {
    echo "Swift 6.3 or later is needed: https://www.swift.org/install/linux/debian/" >&2
    exit 1
  }
}
