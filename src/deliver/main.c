/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deliver */

int main(void)
{
    return 70;
}
