// Package nse reads and writes NSE's historical order and trade files: the capture files that users
// of the Indian market have. docs/formats/nse-historical.md draws all layouts; this is an order of
// the capital market, 87 bytes and a LF:
//
//	RM CASH 1100000000012345 95512345678901 B 1 bbRELIANCE EQ 00000000 00000250 00245075 00000000 N N N 1 3
//	|  |    |                |              | | |          |  |        |        |        |        | | | | |
//	|  |    order number     time (jiffies) | | symbol     |  disclosed quantity limit   trigger  | | | | client
//	|  segment                           side | activity   series                          market | | | algo
//	RM regular, PO pre-open               1 entry, 3 cancel, 4 modify                     stop-loss | IOC
//
// (the blanks are not in the file). Three things about these files cost people days, so the package
// holds them as invariants:
//
//   - N1 Names are padded on the left with the letter b, in some files with blanks. Both are
//     stripped from the left and nothing else is: M&M, J&KBANK and BAJAJ-AUTO are symbols.
//   - N2 Time counts jiffies of 1/65536 s since 1 January 1980 on India's wall clock. TimeNs and
//     Jiffies convert to ns since 1970 UTC and back without loss.
//   - N3 A modify carries the new remaining quantity, and an order number may come again for another
//     order of the day: nothing here remembers orders.
//
// And about the reader:
//
//   - N4 The definition of an instrument comes before its first command; numbers are dense from 1.
//   - N5 A line that cannot be read costs this line alone. A file that ends within a line, even one
//     byte short of its LF, is truncated.
//   - N6 Reading allocates per instrument and per error, never per record.
//
// The files hold no members and clients (codec.Owner makes them up), no lots and no ticks. Spread
// orders of the derivatives files belong to books of their own and are reported as unreadable.
//
// Source of the layouts: NSE Data & Analytics, Historical Data Orders and Trade Layout, version 1.10
// of 27 July 2022.
package nse
