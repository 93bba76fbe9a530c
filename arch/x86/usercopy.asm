; Copies that may fault. Each instruction that touches memory not known to be there has a row in the exception
; table: where it is, and where to go on when it faults. The caller has opened SMAP's door (usercopy.c).

bits 64
default rel

section .text

%macro EX 2
	section .ex_table progbits alloc noexec nowrite align=8
	dq %1, %2
	section .text
%endmacro

; size_t raw_copy(void *dst, const void *src, size_t n): the bytes NOT copied.
; Eight words at a time, 64 taken off rdx before each block: a fault there begins it again word by word, so that the
; count is exact.
%macro BLOCK_WORD 1
%%r:	mov rax, [rsi + %1]
%%w:	mov [rdi + %1], rax
	EX %%r, raw_copy.block_faults
	EX %%w, raw_copy.block_faults
%endmacro

global raw_copy
raw_copy:
	sub rdx, 64
	jb .few
.block:
%assign offset 0
%rep 8
	BLOCK_WORD offset
%assign offset offset + 8
%endrep
	add rsi, 64
	add rdi, 64
	sub rdx, 64
	jae .block
.few:
	add rdx, 64
	jz .out
	cmp rdx, 8
	jb .b1
.words:
.w1:	mov rax, [rsi]
.w2:	mov [rdi], rax
	add rsi, 8
	add rdi, 8
	sub rdx, 8
	cmp rdx, 8
	jae .words
.tail:
	test rdx, rdx
	jz .out
.b1:	mov al, [rsi]
.b2:	mov [rdi], al
	inc rsi
	inc rdi
	dec rdx
	jnz .b1
.out:
	mov rax, rdx
	ret
.block_faults:
	add rdx, 64
	jmp .words
	; A word that straddles into a missing page: what of it is there is copied byte by byte.
	EX .w1, .tail
	EX .w2, .tail
	EX .b1, .out
	EX .b2, .out

; long raw_strncpy(char *dst, const char *src, size_t size): length without the terminator, size when there is none
; in `size` bytes, -1 on a fault.
global raw_strncpy
raw_strncpy:
	xor eax, eax
.next:
	cmp rax, rdx
	jae .done
.c1:	mov cl, [rsi + rax]
	mov [rdi + rax], cl
	test cl, cl
	jz .done
	inc rax
	jmp .next
.done:
	ret
	EX .c1, .fault
.fault:
	mov rax, -1
	ret

; int raw_read64(u64 *value, const void *src): 0, or -1 on a fault.
global raw_read64
raw_read64:
.r1:	mov rax, [rsi]
	mov [rdi], rax
	xor eax, eax
	ret
	EX .r1, .fault
.fault:
	mov eax, -1
	ret

; int raw_read32(u32 *value, const void *src): one 32-bit load; 0, or -1 on a fault.
global raw_read32
raw_read32:
.r1:	mov eax, [rsi]
	mov [rdi], eax
	xor eax, eax
	ret
	EX .r1, .fault
.fault:
	mov eax, -1
	ret

; int raw_write32(void *dst, u32 value): one 32-bit store; 0, or -1 on a fault.
global raw_write32
raw_write32:
.w1:	mov [rdi], esi
	xor eax, eax
	ret
	EX .w1, .fault
.fault:
	mov eax, -1
	ret

; int raw_cmpxchg32(void *dst, u32 *old, u32 new): stores `new` if *old is there, as one step; *old gets what was
; there. 0, or -1 on a fault.
global raw_cmpxchg32
raw_cmpxchg32:
	mov eax, [rsi]
.x1:	lock cmpxchg [rdi], edx
	mov [rsi], eax
	xor eax, eax
	ret
	EX .x1, .fault
.fault:
	mov eax, -1
	ret

; int raw_write64(void *dst, u64 value): one 64-bit store; 0, or -1 on a fault.
global raw_write64
raw_write64:
.w1:	mov [rdi], rsi
	xor eax, eax
	ret
	EX .w1, .fault
.fault:
	mov eax, -1
	ret

; int raw_touch(void *p): stores what is there, as one step: another thread's store is not lost. 0, or -1 on a fault.
global raw_touch
raw_touch:
	xor eax, eax
.w1:	lock or byte [rdi], 0
	ret
	EX .w1, .fault
.fault:
	mov eax, -1
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
