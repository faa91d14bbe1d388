/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels. Kbuild looks into the tree and sets HAVE_*. */
#ifndef WN_PROBE_COMPAT_H
#define WN_PROBE_COMPAT_H

#include <linux/mm.h>

#ifndef HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif
