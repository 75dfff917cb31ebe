/* SPDX-License-Identifier: GPL-3.0-or-later */
/* csv-format */
#include "core/csv.h"
