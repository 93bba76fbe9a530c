/* VERASE, VWERASE, VKILL: characters leave the line that is being typed, and the screen. See tty.h. */
#include "user/console/tty_internal.h"

/* Letters, digits and _ make a word; letters are those of ISO 8859-1 too, as in Linux. */
static bool in_word(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z') || byte == '_' ||
	       (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);
}

static void rub_out(struct tty *t)
{
	tty_echo_raw(t, '\b');
	tty_echo_raw(t, ' ');
	tty_echo_raw(t, '\b');
}

/* The tab that was the last byte of the line went to a column that depends on what is before it. */
static void rub_out_tab(struct tty *t)
{
	unsigned int columns = 0;

	for (uint32_t i = t->head; i != t->canon; i--) {
		uint8_t byte = input_at(t, i - 1);

		if (byte == '\t') {
			tty_echo_untab(t, columns, true);
			return;
		}
		if (is_control(byte))
			columns += lflag(t, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(t, byte))
			columns++;
	}
	tty_echo_untab(t, columns, false);
}

/* The character at the head is gone from the line. */
static void show_erased(struct tty *t, bool single)
{
	uint8_t byte = input_at(t, t->head);

	if (single && !lflag(t, ECHOE)) {
		tty_echo(t, t->termios.cc[VERASE]);
	} else if (byte == '\t') {
		rub_out_tab(t);
	} else {
		if (is_control(byte) && lflag(t, ECHOCTL))
			rub_out(t);
		if (!is_control(byte) || lflag(t, ECHOCTL))
			rub_out(t);
	}
}

/* Bytes of the last character; 0: there is none, or its first byte is not there. */
static uint32_t last_character(const struct tty *t)
{
	uint32_t start = t->head;

	while (start != t->canon)
		if (!is_continuation(t, input_at(t, --start)))
			return t->head - start;
	return 0;
}

/* VKILL where the line is not to be rubbed out on the screen. */
static void kill_unseen(struct tty *t, uint8_t byte)
{
	t->head = t->canon;
	if (!lflag(t, ECHO))
		return;
	tty_echo(t, byte);
	if (lflag(t, ECHOK))
		tty_echo_raw(t, '\n');
}

void tty_erase(struct tty *t, uint8_t byte)
{
	bool single = is_cc(t, VERASE, byte), word = !single && is_cc(t, VWERASE, byte);
	const uint32_t rub_out_line = ECHO | ECHOE | ECHOK | ECHOKE;
	bool word_begun = false;
	uint32_t bytes;

	if (t->head == t->canon)
		return;
	if (!single && !word && (t->termios.lflag & rub_out_line) != rub_out_line) {
		kill_unseen(t, byte);
		return;
	}
	while ((bytes = last_character(t)) > 0) {
		bool part = in_word(input_at(t, t->head - bytes));

		if (word && word_begun && !part)
			break;
		word_begun |= part;
		t->head -= bytes;
		if (lflag(t, ECHO))
			show_erased(t, single);
		if (single)
			break;
	}
}
