/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets at rest: libsodium secretbox with a key file of mode 0600. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "v1:"
#define KEY_TEXT_LENGTH (2 * crypto_secretbox_KEYBYTES)

struct secret_key {
    unsigned char bytes[crypto_secretbox_KEYBYTES];
};

static void sodium_ready(void)
{
    g_assert(sodium_init() >= 0);
}

void secret_key_free(struct secret_key *key)
{
    if (key)
        sodium_free(key);
}

void secret_guard(void)
{
    const struct rlimit no_core = {0, 0};

    g_assert(setrlimit(RLIMIT_CORE, &no_core) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0);
}

void secret_wipe(char *plain)
{
    if (plain) {
        sodium_memzero(plain, strlen(plain));
        g_free(plain);
    }
}

char *random_hex(gsize bytes)
{
    g_autofree unsigned char *raw = g_malloc(bytes);
    char *hex = g_malloc(2 * bytes + 1);

    sodium_ready();
    randombytes_buf(raw, bytes);
    return sodium_bin2hex(hex, 2 * bytes + 1, raw, bytes);
}

/* A link is the only way to publish a complete file without ever replacing another process's key. */
static gboolean key_create(const char *path, GError **error)
{
    g_autofree char *text = random_hex(crypto_secretbox_KEYBYTES);
    g_autofree char *token = random_hex(8);
    g_autofree char *temporary = g_strdup_printf("%s.%s", path, token);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    g_autofree char *directory = g_path_get_dirname(path);
    int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean ok = fd >= 0 && directory_fd >= 0 &&
                  write(fd, text, KEY_TEXT_LENGTH) == (gssize)KEY_TEXT_LENGTH && fsync(fd) == 0;
    int saved = errno;

    if (fd >= 0)
        (void)close(fd); /* already synced */
    if (ok && link(temporary, path) != 0 && errno != EEXIST) {
        saved = errno;
        ok = FALSE;
    }
    /* Sealed passwords are worth nothing without the key: its name must last as long as theirs. */
    if (ok && fsync(directory_fd) != 0) {
        saved = errno;
        ok = FALSE;
    }
    if (directory_fd >= 0)
        (void)close(directory_fd); /* synced */
    (void)unlink(temporary);       /* a leftover is harmless */
    sodium_memzero(text, KEY_TEXT_LENGTH);
    if (!ok)
        pt_error_set(error, PT_ERROR_X19, "cannot write the key file %s: %s",
                     "鍵ファイル %s に書き込めません: %s", path, g_strerror(saved));
    return ok;
}

static struct secret_key *key_read(int fd, const char *path, GError **error)
{
    char text[KEY_TEXT_LENGTH + 2] = {0};
    struct stat status;
    size_t length = 0;
    struct secret_key *key;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
        pt_error_set(error, PT_ERROR_INPUT,
                     "the key file %s must be a file that only its owner can read (mode 0600)",
                     "鍵ファイル %s は所有者だけが読めるファイル(モード0600)でなければなりません", path);
        return NULL;
    }
    key = sodium_malloc(sizeof *key);
    g_assert(key);
    if (read(fd, text, sizeof text - 1) < (gssize)KEY_TEXT_LENGTH ||
        sodium_hex2bin(key->bytes, sizeof key->bytes, text, KEY_TEXT_LENGTH, NULL, &length, NULL) != 0 ||
        length != sizeof key->bytes) {
        sodium_free(key);
        key = NULL;
        pt_error_set(error, PT_ERROR_INTEGRITY, "%s is not a key file of printtrail",
                     "%s は printtrail の鍵ファイルではありません", path);
    }
    sodium_memzero(text, sizeof text);
    return key;
}

struct secret_key *secret_key_load(const char *path, gboolean create, GError **error)
{
    struct secret_key *key = NULL;
    int fd;

    sodium_ready();
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT && create) {
        if (!key_create(path, error))
            return NULL;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0) {
        pt_error_set(error, PT_ERROR_INTEGRITY, "cannot read the key file %s: %s",
                     "鍵ファイル %s を読めません: %s", path, g_strerror(errno));
        return NULL;
    }
    key = key_read(fd, path, error);
    (void)close(fd); /* only read */
    return key;
}

char *secret_seal(const struct secret_key *key, const char *plain, int width)
{
    gsize length = strlen(plain);
    gsize sealed_length = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + length;
    g_autofree unsigned char *sealed = NULL;
    g_autofree char *text = NULL;

    if (length == 0)
        return g_strdup("");
    sealed = g_malloc(sealed_length);
    randombytes_buf(sealed, crypto_secretbox_NONCEBYTES);
    (void)crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, (const unsigned char *)plain, length,
                                sealed, key->bytes); /* cannot fail: lengths are ours */
    text = g_base64_encode(sealed, sealed_length);
    return g_strdup_printf(PREFIX "%d:%s", width, text);
}

char *secret_open(const struct secret_key *key, const char *sealed, GError **error)
{
    const char *text = g_str_has_prefix(sealed, PREFIX) ? strchr(sealed + strlen(PREFIX), ':') : NULL;
    g_autofree unsigned char *raw = NULL;
    char *plain;
    gsize length = 0;

    if (!*sealed)
        return g_strdup("");
    raw = text ? g_base64_decode(text + 1, &length) : NULL;
    if (!raw || length < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)
        length = 0;
    plain = g_malloc0(length + 1);
    if (length == 0 ||
        crypto_secretbox_open_easy((unsigned char *)plain, raw + crypto_secretbox_NONCEBYTES,
                                   length - crypto_secretbox_NONCEBYTES, raw, key->bytes) != 0) {
        g_free(plain);
        pt_error_set(error, PT_ERROR_INTEGRITY,
                     "a stored password cannot be opened with this key file: enter it again",
                     "保存されたパスワードをこの鍵ファイルで開けません。入力しなおしてください");
        return NULL;
    }
    return plain;
}
