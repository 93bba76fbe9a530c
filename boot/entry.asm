; From the loader to boot_main().
;
;   boot_start_multiboot2	32-bit, EAX = loader's magic, EBX = information (Multiboot2 3.3)
;   boot_start_pvh		32-bit, EBX = hvm_start_info (Xen docs/misc/pvh.pandoc)
;
; Both arrive in flat protected mode with paging off and interrupts off, and with no stack nor GDT
; that could be relied on. The code is linked at -2 GiB and runs at its physical address until long
; mode: `PHYS(symbol)` is where a symbol lies before that.
;
; It leaves behind: page_layout, boot_root (below), boot_gdt, boot_entry_tsc. The boot CPU runs it alone.
;
; Page tables have five levels where the processor can, and four elsewhere. This is decided here, before the
; command line can be read, because the number of levels cannot change while paging is on (SDM vol. 3A, 4.1.2).

KERNEL_VMA	equ 0xffffffff80000000
%define PHYS(sym) ((sym) - KERNEL_VMA)

PVH_MAGIC	equ 0x50564821		; boot/pvh.h: BOOT_MAGIC_PVH

CR0_BITS	equ 0x80010033		; PG WP NE ET MP PE
CR4_BITS	equ 0x620		; PAE OSFXSR OSXMMEXCPT
CR4_LA57	equ 1 << 12
MSR_EFER	equ 0xc0000080
EFER_BITS	equ 0x900		; LME NXE

PTE_TABLE	equ 0x23		; P W A
PTE_LARGE	equ 0xe3		; P W A D PS
PTE_NX_HIGH	equ 0x80000000		; bit 63, in the upper word

BOOT_CS32	equ 0x08		; boot/trampoline.h has the selectors too
BOOT_CS64	equ 0x10
BOOT_DS		equ 0x18

BOOT_STACK_SIZE	equ 16384

PAGE_LAYOUT_SIZE equ 48			; struct page_layout in arch/page.h
DIRECT_SLOT	equ 273			; of the root, with four levels and with five

extern boot_main, page_layout_4, page_layout_5

; ---------------------------------------------------------------------------------------------------
; The multiboot2 header. Addresses come from the ELF program headers.

section .multiboot progbits alloc noexec nowrite align=8
header:
	dd 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))

	align 8, db 0
.request:				; command line, modules, memory map
	dw 1, 0
	dd .request_end - .request
	dd 1, 3, 6
.request_end:
	align 8, db 0
	dw 4, 1				; console: EGA text would do, none is required
	dd 12, 2
	align 8, db 0
	dw 5, 1				; framebuffer: optional, any size, any depth
	dd 20, 0, 0, 0
	align 8, db 0
	dw 6, 0				; modules on page boundaries
	dd 8
	dw 0, 0				; end
	dd 8
header_end:

section .note.pvh note align=4
	dd 4, 8, 18			; sizes of name and value, XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dq PHYS(boot_start_pvh)

; ---------------------------------------------------------------------------------------------------
section .boot.text progbits alloc exec nowrite align=16
bits 32

global boot_start_multiboot2, boot_start_pvh
boot_start_pvh:
	mov eax, PVH_MAGIC
boot_start_multiboot2:
	cli
	cld
	mov edi, eax			; boot_main's arguments, kept until the call
	mov ebp, ebx
	rdtsc
	mov [PHYS(boot_entry_tsc)], eax
	mov [PHYS(boot_entry_tsc) + 4], edx
	mov esp, PHYS(boot_stack_top)

	call check_cpu
	call choose_levels		; ESI: CR4_LA57 or 0
	call build_tables

	mov eax, PHYS(boot_root)
	mov cr3, eax
	mov eax, cr4
	and eax, ~CR4_LA57
	or eax, CR4_BITS
	or eax, esi
	mov cr4, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_BITS
	wrmsr
	mov eax, CR0_BITS		; also clears CD, NW, EM and TS, whatever the loader left
	mov cr0, eax

	lgdt [PHYS(gdtr_phys)]
	jmp BOOT_CS64:PHYS(long_mode)

; Long mode and NX, or a message and the end. SDM vol. 2A, CPUID 80000001H EDX.
check_cpu:
	pushfd				; does CPUID exist: can EFLAGS.ID be changed
	pop eax
	mov ecx, eax
	xor eax, 1 << 21
	push eax
	popfd
	pushfd
	pop eax
	mov esi, PHYS(msg_cpuid)
	cmp eax, ecx
	je die
	mov eax, 0x80000000
	cpuid
	mov esi, PHYS(msg_long)
	cmp eax, 0x80000001
	jb die
	mov eax, 0x80000001
	cpuid
	bt edx, 29
	jnc die
	mov esi, PHYS(msg_nx)
	bt edx, 20
	jnc die
	ret

; Fills page_layout. Out: ESI = CR4_LA57 when there are five levels, or 0. SDM vol. 2A, CPUID 07H ECX.16.
choose_levels:
	xor eax, eax
	cpuid
	mov esi, PHYS(page_layout_4)
	xor edx, edx
	cmp eax, 7
	jb .copy
	mov eax, 7
	xor ecx, ecx
	cpuid
	xor edx, edx
	bt ecx, 16
	jnc .copy
	mov esi, PHYS(page_layout_5)
	mov edx, CR4_LA57
.copy:
	push edi
	mov edi, PHYS(page_layout)
	mov ecx, PAGE_LAYOUT_SIZE / 4
	rep movsd
	pop edi
	mov esi, edx
	ret

; The low 4 GiB by 2 MiB pages, seen at 0 and, not executable, at the direct map's PAGE_OFFSET; the
; first of them also at KERNEL_VMA. No page is global: later roots share no translation with these.
; ESI: CR4_LA57 or 0.
build_tables:
	mov edx, PHYS(boot_pd)
	mov eax, PTE_LARGE
	xor ecx, ecx
.page:
	mov [edx + ecx * 8], eax
	add eax, 0x200000
	inc ecx
	cmp ecx, 4 * 512
	jb .page

	mov edx, PHYS(boot_pdpt)
	lea eax, [PHYS(boot_pd) + PTE_TABLE]
	mov [edx], eax
	mov [PHYS(boot_pdpt_image) + 510 * 8], eax
	add eax, 4096
	mov [edx + 8], eax
	add eax, 4096
	mov [edx + 16], eax
	add eax, 4096
	mov [edx + 24], eax

	mov edx, PHYS(boot_root)
	test esi, esi
	jz .slots
	; Five levels: the same slots of the root lead to one table more. One serves all three: its own slot 0 is the
	; first of the low half and of the direct map, its last the image's.
	lea eax, [PHYS(boot_pml4) + PTE_TABLE]
	mov [edx], eax
	mov [edx + DIRECT_SLOT * 8], eax
	mov dword [edx + DIRECT_SLOT * 8 + 4], PTE_NX_HIGH
	mov [edx + 511 * 8], eax
	mov edx, PHYS(boot_pml4)
.slots:
	lea eax, [PHYS(boot_pdpt) + PTE_TABLE]
	mov [edx], eax
	mov [edx + DIRECT_SLOT * 8], eax
	mov dword [edx + DIRECT_SLOT * 8 + 4], PTE_NX_HIGH
	lea eax, [PHYS(boot_pdpt_image) + PTE_TABLE]
	mov [edx + 511 * 8], eax
	ret

; Writes the text at ESI to COM1 (115200 8n1) and to the VGA text screen, then halts for good.
die:
	mov edi, 0xb8000
	xor ebx, ebx
.setup:
	movzx edx, byte [PHYS(uart_setup) + ebx * 2]
	mov al, [PHYS(uart_setup) + ebx * 2 + 1]
	or edx, 0x3f8
	out dx, al
	inc ebx
	cmp ebx, uart_setup_entries
	jb .setup
.next:
	lodsb
	test al, al
	jz .halt
	mov bl, al
	mov ecx, 100000			; no UART there: give up waiting, not the screen
.wait:
	mov edx, 0x3fd
	in al, dx
	test al, 0x20			; transmitter empty
	jnz .send
	pause
	loop .wait
.send:
	mov al, bl
	mov edx, 0x3f8
	out dx, al
	mov ah, 0x4f			; white on red
	stosw
	jmp .next
.halt:
	cli
	hlt
	jmp .halt

bits 64
long_mode:
	mov rax, .high
	jmp rax				; from the identity map to the image's own addresses
.high:
	lgdt [rel boot_gdtr]
	mov eax, BOOT_DS
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov fs, eax			; a flat descriptor: bases become 0
	mov gs, eax
	mov rsp, boot_stack_top
	mov esi, ebp			; upper halves are undefined after the switch
	mov edi, edi
	xor ebp, ebp			; the end of every backtrace
	call boot_main
.halt:
	cli
	hlt
	jmp .halt

; ---------------------------------------------------------------------------------------------------
section .rodata progbits alloc noexec nowrite align=16

; Descriptors have their accessed bit set, so that no segment load writes here.
	align 16, db 0
global boot_gdt, boot_gdtr
boot_gdt:
	dq 0
	dq 0x00cf9b000000ffff		; BOOT_CS32
	dq 0x00af9b000000ffff		; BOOT_CS64
	dq 0x00cf93000000ffff		; BOOT_DS
boot_gdt_end:
boot_gdtr:
	dw boot_gdt_end - boot_gdt - 1
	dq boot_gdt
gdtr_phys:
	dw boot_gdt_end - boot_gdt - 1
	dd PHYS(boot_gdt)

	align 8, db 0
global page_layout			; written above, once: for C it is a constant
page_layout:
	times PAGE_LAYOUT_SIZE db 0

uart_setup:				; register, value (16550: divisor latch, 1, 8n1, FIFO)
	db 1, 0x00, 3, 0x80, 0, 0x01, 1, 0x00, 3, 0x03, 2, 0xc7
uart_setup_entries equ ($ - uart_setup) / 2

%define NL 13, 10
msg_cpuid:	db "Freewalk cannot start: this processor has no CPUID instruction", NL, 0
msg_long:	db "Freewalk cannot start: this processor has no 64-bit long mode (CPUID 80000001H EDX.29)", NL, 0
msg_nx:		db "Freewalk cannot start: this processor has no NX, no-execute pages (CPUID 80000001H EDX.20)", NL, 0

section .data progbits alloc noexec write align=8
global boot_entry_tsc
boot_entry_tsc:	dq 0			; TSC at the first instructions

section .bss nobits alloc noexec write align=4096
global boot_root, boot_stack, boot_stack_top
boot_root:	resb 4096		; what CR3 names
boot_pml4:	resb 4096		; below it, with five levels
boot_pdpt:	resb 4096
boot_pdpt_image: resb 4096
boot_pd:	resb 4 * 4096
boot_stack:	resb BOOT_STACK_SIZE
boot_stack_top:
