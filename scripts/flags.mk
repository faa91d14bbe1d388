# SPDX-License-Identifier: MIT
#
# What every user-space Makefile of this tree shares. Such a Makefile begins
#
#   include ../scripts/flags.mk          (as deep as it lies)
#
# and then has
#
#   $(wn-top)  the tree            $(o)  where its own products go: $(O)/<its path>
#   $(O)       all products, build/ unless given
#
# Rules, with dependencies on headers:
#
#   $(o)/NAME.o      NAME.c          $(o)/NAME.pic.o  the same for a shared library
#   $(o)/NAME.32.o   the same, -m32 ($(HAVE_32) is empty where that cannot be)
#
# From outside: CC, AR, CROSS_COMPILE, CFLAGS, LDFLAGS; WERROR=1; SAN=1 (address
# and undefined behaviour sanitizers; give it an O= of its own); V=1.

wn-top := $(patsubst %/scripts/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
wn-dir := $(patsubst $(wn-top)/%,%,$(realpath $(CURDIR)))
wn-version := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' $(wn-top)/dkms.conf)

O ?= $(wn-top)/build
override O := $(abspath $(O))
o := $(O)/$(wn-dir)

# make's own default CC is "cc": only a CC that somebody chose stands.
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif

CFLAGS ?= -O2 -g

wn-cppflags := -D_GNU_SOURCE -I$(wn-top)/libwn/include -I$(wn-top)/uapi
wn-cflags := -std=gnu11 -Wall -Wextra -Wshadow -Wundef -Wvla -Wpointer-arith
wn-cflags += -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes
wn-cflags += -Wno-unused-parameter -Wno-missing-field-initializers
wn-cflags += -fno-common -fstack-protector-strong
wn-ldflags :=

ifeq ($(WERROR),1)
wn-cflags += -Werror
endif
ifeq ($(SAN),1)
wn-cflags += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
wn-ldflags += -fsanitize=address,undefined
endif

# 32-bit programs use the 64-bit host's kernel headers: Debian keeps asm/ there,
# and gcc-12-multilib (unlike gcc-multilib) brings no link to it.
wn-cflags-32 := -m32 -I/usr/include/x86_64-linux-gnu
ifeq ($(origin HAVE_32),undefined)
HAVE_32 := $(shell echo 'int main(void) { return 0; }' | \
	$(CC) $(wn-cflags-32) -x c - -o /dev/null 2>/dev/null && echo y)
endif

ifeq ($(V),1)
Q :=
msg = @:
else
Q := @
msg = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(wn-top)/%,%,$(2))'
MAKEFLAGS += --no-print-directory
endif

wn-cc = $(CC) $(wn-cppflags) $(CPPFLAGS) $(wn-cflags) $(CFLAGS) -MMD -MP

# The default goal is the including Makefile's first one.
wn-default := $(.DEFAULT_GOAL)

$(o)/%.pic.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(wn-cc) -fPIC -fvisibility=hidden -c -o $@ $<

$(o)/%.32.o: %.c
	$(call msg,CC32,$@)
	@mkdir -p $(@D)
	$(Q)$(wn-cc) $(wn-cflags-32) -c -o $@ $<

$(o)/%.o: %.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(wn-cc) -c -o $@ $<

.SECONDARY:
.DELETE_ON_ERROR:

-include $(wildcard $(o)/*.d $(o)/*/*.d)
.DEFAULT_GOAL := $(wn-default)
