/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ledger */
#include "core/ledger.h"
