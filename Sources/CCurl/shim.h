// libcurl's options are variadic, which Swift does not import: one function for each kind of value.
#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

static inline CURLcode curl_shim_begin(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode curl_shim_set_number(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_shim_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_shim_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_shim_set_pointer(CURL *handle, CURLoption option, const void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_shim_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode curl_shim_set_writer(CURL *handle, size_t (*writer)(char *, size_t, size_t, void *), void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, writer);
  return code ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}
static inline CURLcode curl_shim_set_basic(CURL *handle, const char *user, const char *password) {
  curl_easy_setopt(handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
  CURLcode code = curl_easy_setopt(handle, CURLOPT_USERNAME, user);
  return code ? code : curl_easy_setopt(handle, CURLOPT_PASSWORD, password);
}
static inline CURLcode curl_shim_set_bearer(CURL *handle, const char *token) {
  curl_easy_setopt(handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
  return curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, token);
}
// A file of NULL means ~/.netrc.
static inline CURLcode curl_shim_set_netrc(CURL *handle, const char *file) {
  curl_easy_setopt(handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
  curl_easy_setopt(handle, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
  return curl_easy_setopt(handle, CURLOPT_NETRC_FILE, file);
}
static inline long curl_shim_status(CURL *handle) {
  long status = 0;
  return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) ? 0 : status;
}
