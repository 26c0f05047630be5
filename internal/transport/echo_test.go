package transport

import (
	"fmt"
	"os"

	"github.com/tezi-exchange/tezi/ringbuf"
)

// echoCommand makes this program answer frames over a listening link until it is killed.
const echoCommand = "shared-echo"

func echoMain() {
	bell := ringbuf.NewBell(ringbuf.WaitPark)
	n, err := Listen(os.Args[2], ListenOptions{Hello: risk, Header: header, Want: engine, OutCap: ringCap, InCap: ringCap, Bell: bell})
	if err != nil {
		panic(err)
	}
	fmt.Println(n.Addr())
	for {
		event, frame := n.Link().Next()
		switch event {
		case EventNone:
			bell.Wait(func() bool { event, _ := n.Link().Next(); return event != EventNone })
			continue
		case EventFrame:
			if b := n.Link().Claim(len(frame)); b != nil {
				copy(b, frame)
				n.Link().Publish(len(frame))
			}
		}
		n.Link().Release()
	}
}
