// ECDSA on the curve P-256 with SHA-256, through libcrypto.

#include "CSystem.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

// A key that is locked by a passphrase is not opened: libcrypto would ask the terminal.
static int no_passphrase(char *buffer, int size, int writing, void *context) {
  (void)buffer, (void)size, (void)writing, (void)context;
  return -1;
}

static int is_p256(EVP_PKEY *key) {
  char curve[32] = "";
  size_t count = 0;
  return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof curve, &count) == 1 && !strcmp(curve, "prime256v1");
}

static EVP_PKEY *read_key(const char *pem, size_t count, int is_private) {
  if (count > 1 << 16) return NULL;
  BIO *text = BIO_new_mem_buf(pem, (int)count);
  if (!text) return NULL;
  EVP_PKEY *key = is_private ? PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL)
                             : PEM_read_bio_PUBKEY(text, NULL, no_passphrase, NULL);
  BIO_free(text);
  if (key && !is_p256(key)) {
    EVP_PKEY_free(key);
    return NULL;
  }
  return key;
}

void *system_private_key(const char *pem, size_t count) { return read_key(pem, count, 1); }
void *system_public_key(const char *pem, size_t count) { return read_key(pem, count, 0); }
void system_key_free(void *key) { EVP_PKEY_free(key); }

int system_key_public_pem(void *key, char *pem, size_t capacity) {
  BIO *text = BIO_new(BIO_s_mem());
  int count = -1;
  if (text && PEM_write_bio_PUBKEY(text, key) == 1) {
    char *bytes = NULL;
    long length = BIO_get_mem_data(text, &bytes);
    if (length > 0 && (size_t)length <= capacity) {
      memcpy(pem, bytes, (size_t)length);
      count = (int)length;
    }
  }
  BIO_free(text);
  return count;
}

int system_sign(void *key, const void *message, size_t count, void *signature, size_t capacity) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  size_t length = capacity;
  int done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
             EVP_DigestSign(context, signature, &length, message, count) == 1;
  EVP_MD_CTX_free(context);
  return done ? (int)length : -1;
}

int system_verify(void *key, const void *message, size_t count, const void *signature, size_t length) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int done = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
             EVP_DigestVerify(context, signature, length, message, count) == 1;
  EVP_MD_CTX_free(context);
  return done;
}
