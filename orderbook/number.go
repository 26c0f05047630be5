package orderbook

// In a numbered arena the venue gives the order numbers, and a number carries the slot of its order:
//
//	bit  52 ........... 24  23 ......... 0
//	     generation, from 1  slot
//
// So an order is found without an index. The generation of a slot rises whenever an order leaves it
// or passes through it, so a number is never given twice and an old one finds nothing. Numbers stay
// below 2^53, because NSE's protocols carry them as floating-point numbers. A slot whose generations
// are used up, after half a billion orders, is not used again.
const (
	numberSlotBits = 24
	numberSlotMask = 1<<numberSlotBits - 1
	numberStep     = 1 << numberSlotBits
	numberLimit    = 1 << 53
)

// NextID returns the number that the next order entered into any book of a numbered arena must carry.
// Another number is refused with RejectDuplicateOrder. It is used up by the entry, unless that is
// refused.
func (a *Arena) NextID() OrderID {
	if s := a.freeSlot; s != 0 {
		return a.orders[s].id
	}
	return OrderID(numberStep | a.freshSlot)
}

// spend uses up the number that NextID gives, which is id.
func (a *Arena) spend(id OrderID) {
	s := a.take()
	a.orders[s].id = id
	a.give(s)
}

// freshen makes a slot that was never used a free one, with the number that NextID gives, where none is free.
func (a *Arena) freshen() uint32 {
	id := a.NextID()
	s := a.take()
	a.orders[s].id, a.orders[s].next = id, 0
	a.freeSlot = s
	return s
}
