# Three commands for gdb, for four levels of page tables. Load them with `source labs/lab0/slot.gdb`.
#
# You may use set, print, printf, output, echo, x, if, else, while, end; nothing else, and no function of gdb's own.

# slot-of ADDRESS: prints the number of the root slot that the address lies in, in decimal.
define slot-of
	# lab 0: begin
	printf "%d\n", (unsigned long)($arg0) >> 39 & 511
	# lab 0: starter
	# printf "%d\n", -1
	# lab 0: end
end

# next-table SLOT: prints the physical address of the table that this slot of the reference root leads to, in
# hexadecimal; 0x0 if the slot is empty.
define next-table
	# lab 0: begin
	printf "%#lx\n", swapper_pg_dir[$arg0] & 0xffffffffff000
	# lab 0: starter
	# printf "%#lx\n", -1
	# lab 0: end
end

# phys-of ADDRESS: prints the physical address that the reference root maps the address to, in hexadecimal; `none` if it
# maps none. Pages of 1 GiB, 2 MiB and 4 KiB.
define phys-of
	# lab 0: begin
	set $va = (unsigned long)($arg0)
	set $shift = 39
	set $entry = swapper_pg_dir[$va >> 39 & 511]
	# Down while the entry is present and leads to a table: a page has bit 7, and below level 2 there is nothing else.
	while $shift > 12 && ($entry & 1) && !($entry & 0x80)
		set $shift = $shift - 9
		set $table = (unsigned long *)(page_layout.page_offset + ($entry & 0xffffffffff000))
		set $entry = $table[$va >> $shift & 511]
	end
	if $entry & 1
		set $offset = (1ul << $shift) - 1
		printf "%#lx\n", ($entry & 0xffffffffff000 & ~$offset) | ($va & $offset)
	else
		printf "none\n"
	end
	# lab 0: starter
	# printf "none\n"
	# lab 0: end
end
