//go:build cgo

// The drainer's side of the ring, and the functions by which the harness handles it.

#include "transport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// A report as the harness takes it, and its table of functions: me_report_t and me_transport_t.
struct wide_report {
	uint8_t type, side, pad[6];
	uint64_t sequence, order;
	int64_t price;
	uint32_t quantity, pad2;
	uint64_t maker, taker, pad3;
};

struct transport {
	void *(*create)(uint32_t capacity);
	int (*push)(void *handle, const struct wide_report *report);
	uint32_t (*drain)(void *handle, struct wide_report *out, uint32_t max);
	void (*flush)(void *handle);
	void (*destroy)(void *handle);
};

enum { page = 2 << 20, trade = 1 };

static void destroy(void *handle) {
	struct ring *r = handle;
	free(r->slots);
	free(r);
}

// create touches all of the ring, so that no page is missing while the clock runs.
static void *create(uint32_t capacity) {
	struct ring *r = aligned_alloc(128, (sizeof *r + 127) / 128 * 128);
	if (r == NULL)
		return NULL;
	memset(r, 0, sizeof *r);
	r->size = page / sizeof *r->slots;
	while (r->size < capacity)
		r->size *= 2;
	size_t bytes = r->size * sizeof *r->slots;
	r->slots = aligned_alloc(page, bytes);
	if (r->slots == NULL) {
		free(r);
		return NULL;
	}
	madvise(r->slots, bytes, MADV_HUGEPAGE); // a wish: without it the ring is only slower
	memset(r->slots, 0, bytes);
	return r;
}

// push is not used: the engine writes into the ring itself.
static int push(void *handle, const struct wide_report *report) {
	(void)handle;
	(void)report;
	return 0;
}

static uint32_t drain(void *handle, struct wide_report *out, uint32_t max) {
	struct ring *r = handle;
	uint64_t head = r->head;
	if (r->seen == head) // a look takes the line away from the engine
		r->seen = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
	uint64_t ready = r->seen - head;
	uint32_t n = ready < max ? (uint32_t)ready : max;
	for (uint32_t i = 0; i < n; i++) {
		const struct report *from = &r->slots[(head + i) & (r->size - 1)];
		uint8_t type = from->what >> 48 & 0xff;
		out[i] = (struct wide_report){
			.type = type,
			.side = from->what >> 56,
			.sequence = from->what & 0xffffffffffff,
			.order = type == trade ? 0 : from->order,
			.price = from->price,
			.quantity = from->quantity,
			.maker = from->maker,
			.taker = type == trade ? from->order : 0,
		};
	}
	__atomic_store_n(&r->head, head + n, __ATOMIC_RELEASE);
	return n;
}

// flush has nothing to do: engine_flush has published everything before.
static void flush(void *handle) { (void)handle; }

static const struct transport functions = {create, push, drain, flush, destroy};

const void *const report_transport = &functions;
