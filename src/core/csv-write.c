/* SPDX-License-Identifier: GPL-3.0-or-later */
/* csv-write */
#include "core/csv.h"
