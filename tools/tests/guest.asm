; A guest of a few instructions for the tests of tools/qemu.py: it prints WORDS on the first serial
; port and then ends as ENDING says. Boots by PVH, runs in 32-bit mode, needs no stack.
;
;	nasm -f elf32 -DENDING=0x10 '-DWORDS="hello",10'
;
; ENDING: a byte for isa-debug-exit, or 0x100 triple fault, 0x101 ACPI power-off, 0x102 never,
; 0x103 never, and prints on; 0x104 never, and does not halt.

bits 32

section .note.pvh align=4
	dd 4, 4, 18		; name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dd start

section .text
global start
start:
	mov esi, words
	mov ecx, words_end - words
print:	jecxz printed
	mov dx, 0x3f8
	lodsb
	out dx, al
	dec ecx
	jmp print
printed:
%if ENDING == 0x100
	lidt [no_idt]
	int3
%elif ENDING == 0x101
	mov dx, 0x604		; PM1a control of the pc machine: sleep type 0, sleep enable
	mov ax, 0x2000
	out dx, ax
%elif ENDING == 0x103
	mov dx, 0x3f8
	mov al, 'x'
flood:	out dx, al
	jmp flood
%elif ENDING == 0x104
	jmp $
%elif ENDING != 0x102
	mov al, ENDING
	out 0xf4, al
%endif
forever:
	hlt
	jmp forever

section .data
no_idt:	dw 0
	dd 0
words:	db WORDS
words_end:
