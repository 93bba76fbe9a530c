# Freewalk. `make help` lists what can be made; docs/testing.md says how the tests work.
#
# Knobs, for example `make run NCPU=8 PGSYNC=list SEED=7`:
#	NCPU		virtual CPUs, 1 to 255
#	PGSYNC		how the kernel half of root tables is kept equal: walk, list, none
#	DURATION	seconds that the stress runs
#	SEED		of the stress and of the order of the in-kernel tests
#	MEM		guest memory
#	USERPROG	the user program whose symbols `make gdb` loads
#	SETUP		no: never install packages, print the line to type
#	CI		true: warnings are errors
#	JOBS		compilers at a time
NCPU     ?= 64
PGSYNC   ?= walk
DURATION ?= 20
SEED     ?= 1
MEM      ?= 1G
USERPROG ?= pgstress
SETUP    ?= yes
CI       ?= false
JOBS     ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules -j$(JOBS)
export SETUP CI

# --- packages: what a goal needs is looked for, and installed, before anything else -----------------

NOSETUP = help doctor clean setup
PROFILE = $(if $(filter test,$1),test,$(if $(filter gdb,$1),gdb,$(if $(filter check,$1),test,\
	  $(if $(filter run iso bench ktest,$1),run,build))))
GOALS  := $(filter-out $(NOSETUP),$(MAKECMDGOALS))
ifneq ($(GOALS),)
ifeq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
ifneq ($(shell tools/setup $(sort $(foreach g,$(GOALS),$(call PROFILE,$g))) >&2 && echo ok),ok)
$(error packages are missing, see above)
endif
endif
endif

# --- the kernel ------------------------------------------------------------------------------------

CROSS := $(firstword $(foreach p,x86_64-elf- x86_64-linux-gnu-,$(if $(shell command -v $p\gcc),$p)))
KCC   := $(CROSS)gcc
KLD   := $(CROSS)ld
NASM  := nasm

DIRS    := boot arch/x86 kernel kernel/base mm mm/pgsync
KSRC    := $(sort $(foreach d,$(DIRS),$(wildcard $d/*.c $d/*.S $d/*.asm $d/tests/*_ktest.c)))
KOBJ    := $(KSRC:%=build/obj/%.o)
# No header of the host: only the compiler's own. (Its limits.h asks for the C library's unless told not to.)
INCLUDE := -I. -Iarch/x86/include -nostdinc -isystem $(shell $(KCC) -print-file-name=include 2>/dev/null) -D_LIBC_LIMITS_H_
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
KCFLAGS := -std=gnu11 -O2 -g -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	   -fno-omit-frame-pointer -fno-pic -no-pie -fno-stack-protector \
	   -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables $(INCLUDE) $(WARN) $(EXTRA)
ifeq ($(CI),true)
KCFLAGS += -Werror
endif
NASMFLAGS := -f elf64 -g -F dwarf -I./ -Iarch/x86/ -w+error
KLDFLAGS  := -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none -T linker.ld

# A table whose default comes first and whose entries override it, as Linux writes its own.
CFLAGS_kernel/syscall_table.c := -Wno-override-init
# Crashes on purpose.
CFLAGS_kernel/selftest.c := -Wno-infinite-recursion -Wno-array-bounds

# Rewritten only when the command lines change, so that such a change builds everything again.
CONFIG := build/obj/config
build/obj/config: FORCE
	@mkdir -p $(@D)
	@echo '$(KCC) $(KCFLAGS) $(foreach f,$(KSRC),$(CFLAGS_$f)) $(NASMFLAGS) $(KLDFLAGS)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

build/obj/%.c.o: %.c $(CONFIG)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(KCC) $(KCFLAGS) $(CFLAGS_$<) -MMD -MP -c $< -o $@

build/obj/%.S.o: %.S $(CONFIG)
	@mkdir -p $(@D)
	@echo "  AS   $<"
	@$(KCC) $(KCFLAGS) -MMD -MP -c $< -o $@

build/obj/%.asm.o: %.asm $(CONFIG)
	@mkdir -p $(@D)
	@echo "  NASM $<"
	@$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) -MP $< -o $@

# Linked twice: the symbol table for backtraces is made from the first link, whose own table is empty.
build/obj/ksyms0.S: tools/ksyms $(CONFIG)
	@tools/ksyms --empty >$@

build/obj/ksyms1.S: build/obj/freewalk0.elf tools/ksyms
	@tools/ksyms $< >$@

build/obj/ksyms%.o: build/obj/ksyms%.S
	@$(KCC) $(KCFLAGS) -c $< -o $@

build/obj/freewalk0.elf: $(KOBJ) build/obj/ksyms0.o linker.ld
	@$(KLD) $(KLDFLAGS) $(KOBJ) build/obj/ksyms0.o -o $@

build/freewalk.elf: build/obj/freewalk0.elf build/obj/ksyms1.o
	@echo "  LD   $@"
	@$(KLD) $(KLDFLAGS) $(KOBJ) build/obj/ksyms1.o -o $@

-include $(KOBJ:.o=.d)

# --- user programs and the boot archive (build/initramfs.cpio) ------------------------------------

-include user/Makefile.inc

# --- what a person asks for --------------------------------------------------------------------------

BOOT    := build/freewalk.elf build/initramfs.cpio
QEMU    := tools/qemu.py --mem $(MEM)
STRESS   = pgsync=$(PGSYNC) pgctl=1 seed=$(SEED) -- /bin/pgstress duration=$(DURATION) seed=$(SEED)
PYTEST  := /usr/bin/python3 -m pytest -p no:cacheprovider --basetemp=build/pytest

.PHONY: all run iso test hosttest check bench ktest gdb shell doctor setup help clean \
	compile_commands FORCE
FORCE:

all: $(BOOT)

run: $(BOOT)
	@$(QEMU) --title RUN --iso build/run.iso --smp $(NCPU) --append '$(STRESS)' \
		--expect '^PGSTRESS: PASS' --log build/logs/run.log

iso: $(BOOT)
	@tools/qemu.py --make-iso build/freewalk.iso --append '$(STRESS)'
	@echo "build/freewalk.iso boots on BIOS and UEFI, and from a USB stick."

ktest: $(BOOT)
	@$(QEMU) --title KTEST --kernel --smp $(NCPU) --expect '^# ktest: PASS' \
		--append 'ktest=1 seed=$(SEED) $(if $(FILTER),filter=$(FILTER)) pgctl=1'

hosttest:
	@tools/host-tests --jobs 2

check:
	@tools/check

test:
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory hosttest
	@$(MAKE) --no-print-directory all
	@$(PYTEST) tools/tests --junitxml=build/pytest.xml -q -rfE $(if $(K),-k '$(K)')

bench: $(BOOT)
	@tools/bench-report

gdb: $(BOOT)
	@tools/gdb/session --smp $(if $(filter file,$(origin NCPU)),4,$(NCPU)) --program $(USERPROG) \
		--append '$(STRESS)'

shell:
	@echo "make shell: there is no shell yet. It arrives with the user-space servers (console, files)."
	@echo "Today: \`make run\` shows the stress program, \`make gdb\` the inside."; exit 1

doctor:
	@tools/doctor

setup:
	@tools/setup test

compile_commands: build/compile_commands.json
build/compile_commands.json: FORCE
	@mkdir -p build
	@{ echo '['; sep=; for f in $(filter %.c,$(KSRC)); do \
		echo "$$sep{\"directory\": \"$(CURDIR)\", \"file\": \"$$f\", \"command\": \"$(KCC) $(KCFLAGS) -c $$f\"}"; \
		sep=,; done; echo ']'; } >$@
	@echo "wrote $@"

clean:
	rm -rf build

help:
	@echo "make run        boot the GRUB image on $(NCPU) CPUs and run the page-table stress (about a minute)"
	@echo "make test       every check and test: format and rules, host units, in-kernel, whole system"
	@echo "make all        build/freewalk.elf and build/initramfs.cpio"
	@echo "make iso        build/freewalk.iso, for BIOS and UEFI"
	@echo "make ktest      the in-kernel tests alone               (FILTER=buddy SEED=7 NCPU=8)"
	@echo "make hosttest   the host unit tests alone, under ASan and UBSan"
	@echo "make check      format, include rules, spin loops, the map of the code"
	@echo "make bench      instructions per operation, throughput, boot time: one table"
	@echo "make gdb        boot halted and debug the kernel and one user program (USERPROG=pgstress)"
	@echo "make doctor     each tool, its version, and what mends what is missing"
	@echo "make clean      remove build/"
	@echo
	@echo "Knobs (now):    NCPU=$(NCPU) PGSYNC=$(PGSYNC) DURATION=$(DURATION) SEED=$(SEED) MEM=$(MEM) SETUP=$(SETUP) CI=$(CI)"
	@echo "Read first:     README.md, docs/00-start-here.md"
