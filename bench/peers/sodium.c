// SPDX-License-Identifier: MIT
/* libsodium: Ed25519 signatures of 32 bytes, and its keyed hash (BLAKE2b, 32 bytes) of as many. */
#include <sodium.h>

#include "peers.h"

#define CLAIMS	32u

static unsigned char claims[CLAIMS], public_key[crypto_sign_PUBLICKEYBYTES];
static unsigned char secret_key[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES];

static void begin(void)
{
	static int begun;

	if (begun++)
		return;
	if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret_key) ||
	    crypto_sign_detached(signature, NULL, claims, CLAIMS, secret_key))
		bench_die("libsodium");
}

static void done(struct bench_sample *s, unsigned int n, uint64_t start)
{
	s->value = n * 1e9 / (double)(cpu_ns() - start);
	s->ops = n;
}

void sodium_sign(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(4000);
	unsigned char out[crypto_sign_BYTES];
	uint64_t start;

	begin();
	start = cpu_ns();
	for (unsigned int i = 0; i < n; i++) {
		claims[0] = (unsigned char)i;
		if (crypto_sign_detached(out, NULL, claims, CLAIMS, secret_key))
			bench_die("it was not signed");
	}
	done(s, n, start);
	claims[0] = 0;
}

void sodium_verify(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(2000);
	uint64_t start;

	begin();
	start = cpu_ns();
	for (unsigned int i = 0; i < n; i++)
		if (crypto_sign_verify_detached(signature, claims, CLAIMS, public_key))
			s->lost++;
	done(s, n, start);
}

void sodium_mac(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(200000);
	unsigned char out[32];
	uint64_t start;

	begin();
	start = cpu_ns();
	for (unsigned int i = 0; i < n; i++)
		if (crypto_generichash(out, sizeof(out), claims, CLAIMS, secret_key, 32))
			bench_die("it was not hashed");
	done(s, n, start);
}
