; Where application processors wake up: real mode -> protected mode -> long mode -> `entry`.
;
; A template, copied by trampoline_install() to a page below 1 MiB; boot/trampoline.h is its contract
; and has the layout of the parameters. It addresses itself by CS (16 bits) or by its linear address
; in EBX (32 and 64 bits); the three pointers that must be absolute are in the `link` words, which
; trampoline_install() completes with the page's address.
;
; No stack is used and no memory is written but stage[own CPU number]: all processors may be in here
; at once. No exception can be handled before `entry` loads an IDT: a fault resets the machine, and
; the stage bytes tell who was where.

PAGE_BYTES	equ 4096
PARAMS		equ PAGE_BYTES - (5 * 8 + 256 * 2 + 256)
P_CR3		equ PARAMS
P_ENTRY		equ PARAMS + 8
P_STACKS	equ PARAMS + 16
P_CR4		equ PARAMS + 24
P_EFER		equ PARAMS + 32
P_APIC_TO_CPU	equ PARAMS + 40
P_STAGE		equ PARAMS + 40 + 512

STAGE_REAL	equ 1			; enum ap_stage
STAGE_PROTECTED	equ 2
STAGE_LONG	equ 3
NO_CPU		equ 0xffff

CR0_PE		equ 0x00000011		; PE ET: caches on (INIT leaves CD and NW set)
CR0_BITS	equ 0x80010033		; PG WP NE ET MP PE
CR4_PAE		equ 0x20
MSR_EFER	equ 0xc0000080
EFER_BITS	equ 0x900		; LME NXE

BOOT_CS32	equ 0x08
BOOT_CS64	equ 0x10
BOOT_DS		equ 0x18

%define HERE(label) ((label) - trampoline_start)

extern boot_gdtr
global trampoline_start, trampoline_end, trampoline_link

section .trampoline progbits alloc noexec nowrite align=16
bits 16
trampoline_start:
	cli
	cld
	mov ax, cs
	mov ds, ax
	movzx ebp, ax
	shl ebp, 4			; linear address of this page

	mov eax, 1
	cpuid
	shr ebx, 24			; initial APIC id
	add bx, bx
	movzx esi, word [bx + P_APIC_TO_CPU]
	cmp si, NO_CPU
	je .not_ours
	mov byte [si + P_STAGE], STAGE_REAL

	mov eax, [P_CR4]
	or eax, CR4_PAE
	mov cr4, eax
	mov eax, [P_CR3]
	mov cr3, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, [P_EFER]
	or eax, EFER_BITS
	wrmsr
	o32 lgdt [HERE(link_gdtr)]
	mov eax, CR0_PE
	mov cr0, eax
	jmp dword far [HERE(link_protected)]

.not_ours:				; not in the table: nobody waits for this one
	hlt
	jmp .not_ours

bits 32
protected:
	mov eax, BOOT_DS
	mov ds, eax
	mov ebx, ebp
	mov byte [ebx + esi + P_STAGE], STAGE_PROTECTED
	mov eax, CR0_BITS
	mov cr0, eax			; paging on: long mode, still 32-bit code
	jmp dword far [ebx + HERE(link_long)]

bits 64
long_mode:
	mov ebx, ebx			; upper halves are undefined after the switch
	mov edi, esi
	mov byte [rbx + rdi + P_STAGE], STAGE_LONG
	mov rax, boot_gdtr		; the image's copy: this page is not in later roots
	lgdt [rax]
	mov eax, BOOT_DS
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov fs, eax			; a flat descriptor: bases become 0
	mov gs, eax
	mov rax, [rbx + P_STACKS]
	mov rsp, [rax + rdi * 8]
	sub rsp, 8			; as if called, yet nothing is written there
	xor ebp, ebp			; the end of every backtrace
	jmp [rbx + P_ENTRY]

	align 16, db 0
gdt:					; as boot_gdt, within reach of 16-bit code
	dq 0
	dq 0x00cf9b000000ffff		; BOOT_CS32
	dq 0x00af9b000000ffff		; BOOT_CS64
	dq 0x00cf93000000ffff		; BOOT_DS
gdt_end:

; struct trampoline_link in boot/trampoline.c: offsets into the page, made linear on installation.
	align 8, db 0
trampoline_link:
link_protected:	dd HERE(protected), BOOT_CS32
link_long:	dd HERE(long_mode), BOOT_CS64
		dw 0
link_gdtr:	dw gdt_end - gdt - 1
		dd HERE(gdt)
trampoline_end:
