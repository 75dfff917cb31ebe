/* SPDX-License-Identifier: GPL-3.0-or-later */
/* destination */
#include "core/destination.h"
