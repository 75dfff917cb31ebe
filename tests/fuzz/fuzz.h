/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every fuzz target gives: one function that eats one input. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Returns 0. Aborts when a promise of the parser does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
