/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store-sqlite */
#include "store/store.h"
