; Every way into the kernel and out of it: system calls, traps, interrupts, new tasks.
;
; The frame on the kernel stack is struct regs (arch/x86/regs.h). GS is the kernel's inside the kernel: it is
; swapped on the way in from user mode and on the way out. Nothing here decides; C does (trap.c, syscall.c).

bits 64
default rel

%define KERNEL_CS	0x08
%define USER_SS		0x1b
%define USER_CS		0x23
%define PREEMPT_NO_RESCHED 0x80000000

; Offsets in struct regs; arch/x86/trap.c asserts them.
%define R_R15	0
%define R_R11	(6 * 8)
%define R_R10	(7 * 8)
%define R_R9	(8 * 8)
%define R_R8	(9 * 8)
%define R_RAX	(10 * 8)
%define R_RDX	(12 * 8)
%define R_RSI	(13 * 8)
%define R_RDI	(14 * 8)
%define R_RIP	(17 * 8)
%define R_CS	(18 * 8)
%define R_RFLAGS (19 * 8)
%define R_RSP	(20 * 8)
%define R_SIZE	(22 * 8)

extern current_task		; per CPU; task_struct begins with the word of exit work
extern cpu_kernel_stack		; per CPU: top of the current task's kernel stack
extern preempt_count		; per CPU
extern sys_call_table
extern sys_call_count
extern trap_dispatch
extern trap_paranoid
extern syscall_other
extern exit_to_user
extern schedule_tail
extern kthread_exit

section .percpu progbits alloc noexec write align=8
cpu_user_rsp: dq 0

section .text

%macro PUSH_REGS 0
	push rdi
	push rsi
	push rdx
	push rcx
	push rax
	push r8
	push r9
	push r10
	push r11
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
%endmacro

%macro POP_REGS 0
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	pop r11
	pop r10
	pop r9
	pop r8
	pop rax
	pop rcx
	pop rdx
	pop rsi
	pop rdi
%endmacro

; Debug builds look whether the call has left something behind (kernel/checkers.h); others have not one instruction.
%ifdef DEBUG_KERNEL
extern checkers_leave_syscall
%macro CHECK_LEAVE 0
	call checkers_leave_syscall
	mov rax, [rsp + R_RAX]
%endmacro
%else
%macro CHECK_LEAVE 0
%endmacro
%endif

; SYSCALL: rcx = user rip, r11 = user rflags, interrupts off by SFMASK, the stack still the user's (SDM vol. 2B).
global syscall_entry
syscall_entry:
	swapgs
	mov [gs:abs cpu_user_rsp], rsp
	mov rsp, [gs:abs cpu_kernel_stack]
	push USER_SS
	push qword [gs:abs cpu_user_rsp]
	push r11
	push USER_CS
	push rcx
	push -1			; REGS_SYSCALL
	push rax
	PUSH_REGS
	sti
	cmp rax, [abs sys_call_count]
	jae .other
	mov rcx, r10
	call [abs sys_call_table + rax * 8]
.done:
	mov [rsp + R_RAX], rax
	CHECK_LEAVE
	cli
	mov rcx, [gs:abs current_task]
	cmp dword [rcx], 0
	jne .work
	cmp dword [gs:abs preempt_count], PREEMPT_NO_RESCHED
	jne .work
.fast:
	; C has kept rbx, rbp and r12 to r15.
	mov r10, [rsp + R_R10]
	mov r9, [rsp + R_R9]
	mov r8, [rsp + R_R8]
	mov rdx, [rsp + R_RDX]
	mov rsi, [rsp + R_RSI]
	mov rdi, [rsp + R_RDI]
	mov r11, [rsp + R_RFLAGS]
	mov rcx, [rsp + R_RIP]
	mov rsp, [rsp + R_RSP]
	swapgs
	o64 sysret
.other:
	mov rdi, rsp
	call syscall_other
	jmp .done
.work:
	mov rdi, rsp
	call exit_to_user
	jmp return_full

; The first instructions of a forked task: it returns to user mode through a complete frame.
global ret_from_fork
ret_from_fork:
	xor ebp, ebp
	call schedule_tail
	mov rdi, rsp
	call exit_to_user
; void user_enter(void): the running task leaves the kernel for good, through the frame at the top of its stack.
global user_enter
user_enter:
	cli
	mov rsp, [gs:abs cpu_kernel_stack]
	sub rsp, R_SIZE
	mov rdi, rsp
	call exit_to_user
; Interrupts off, a complete frame on the stack, going back to user mode.
global user_enter_first
user_enter_first:
return_full:
	swapgs
return_kernel:
	POP_REGS
	add rsp, 16
	iretq

; The first instructions of a kernel thread. On the stack: its function, the argument.
global kthread_start
kthread_start:
	xor ebp, ebp
	call schedule_tail
	pop rax
	pop rdi
	call rax
	mov edi, eax
	call kthread_exit
	ud2

; Traps and interrupts, by interrupt gates.
trap_common:
	PUSH_REGS
	cld
	mov rdi, rsp
	test byte [rsp + R_CS], 3
	jz .kernel
	swapgs
	call trap_dispatch
	cli
	mov rdi, rsp
	call exit_to_user
	jmp return_full
.kernel:
	call trap_dispatch
	jmp return_kernel

; STI holds interrupts off for one instruction, so none comes between it and HLT. But an NMI may come there, and behind
; its IRET nothing holds them off: the handler steps over the HLT then (trap_leave_halt).
global cpu_wait_for_interrupt
global cpu_halt_instruction
cpu_wait_for_interrupt:
	sti
cpu_halt_instruction:
	hlt
	cli
	ret

; NMI, double fault, machine check: on stacks of their own, and at any instruction, also between a SYSCALL and its
; swapgs. User mode can put any value into GS base (WRGSBASE), so nothing is read from it: the top word of each
; of these stacks holds the CPU's own GS base.
%define IST_STACK_SIZE 8192
trap_ist:
	PUSH_REGS
	cld
	mov rdi, rsp
	mov rax, rsp
	or rax, IST_STACK_SIZE - 1
	mov rax, [rax - 7]
	rdgsbase rbx
	wrgsbase rax
	call trap_paranoid
	wrgsbase rbx
	jmp return_kernel

%macro STUB 1
align 16
trap_stub_%1:
%if %1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30
%else
	push 0
%endif
	push %1
%if %1 == 2 || %1 == 8 || %1 == 18
	jmp trap_ist
%else
	jmp trap_common
%endif
%endmacro

%assign i 0
%rep 256
	STUB i
%assign i i + 1
%endrep

section .rodata
global trap_stubs
align 8
trap_stubs:
%assign i 0
%rep 256
	dq trap_stub_ %+ i
%assign i i + 1
%endrep

section .note.GNU-stack noalloc noexec nowrite progbits
