/* SPDX-License-Identifier: GPL-3.0-or-later */
/* names */
#include "core/names.h"
