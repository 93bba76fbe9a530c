/* The word that results carry: see verdict.h. */
#include "kernel/verdict.h"

#include "boot/bootinfo.h"
#include "kernel/base/printk.h"

static char nonce[40];
static bool given;

void verdict_init(void)
{
	given = boot_option_take("nonce", nonce, sizeof(nonce)) != NULL;
}

const char *verdict_nonce(void)
{
	return given ? nonce : NULL;
}

void verdict_print(bool success)
{
	if (given)
		printk("# verdict: %s %s\n", success ? "success" : "failure", nonce);
}
