"""docs/report.png: a part of a report's page, as headless Chromium shows it, small and in 128 colors.

usage: report_picture.py REPORT OUT TOP HEIGHT      which rows of the page, in pixels at a width of 1280; needs chromium and python3-pil
"""
import os, subprocess, sys, tempfile
from PIL import Image

report, out, top, height = os.path.realpath(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with tempfile.TemporaryDirectory() as folder:
    page = f"{folder}/page.png"
    subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
                    f"--window-size=1280,{top + height}", f"--screenshot={page}", f"file://{report}"], check=True, stderr=subprocess.DEVNULL)
    picture = Image.open(page).convert("RGB").crop((60, top, 1220, top + height))
picture = picture.resize((928, height * 928 // 1160), Image.LANCZOS)
picture.quantize(128, method=Image.MEDIANCUT, dither=Image.NONE).save(out, optimize=True)
