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
