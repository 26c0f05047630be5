// The ring that carries reports from the engine, in Go, to the drainer, in C. One thread on each side.

#ifndef TEZI_TRANSPORT_H
#define TEZI_TRANSPORT_H

#include <stdint.h>

// What a report is in the ring. The layout is also that of report in reports.go.
struct report {
	uint64_t order; // of a trade: the taker
	uint64_t maker; // of a trade
	uint64_t what;  // sequence number, type << 48, side << 56
	int32_t price;
	uint32_t quantity;
};

// Positions count reports and never wrap; the slot of a position is its low bits.
struct ring {
	uint64_t tail; // published up to here; the engine stores it
	char pad1[120];
	uint64_t head; // taken up to here; the drainer stores it
	uint64_t seen; // tail when the drainer last looked
	char pad2[112];
	uint64_t size; // a power of two
	struct report *slots;
};

// The queue that the harness is to use: see me_transport_t of its interface.
extern const void *const report_transport;

#endif
