import type net from 'node:net'

/** Sends the piece again and again, as fast as it is taken, for as long as the connection stands. */
export function flood(socket: net.Socket, piece: Buffer | string): void {
  const bytes = Buffer.from(piece)
  const more = () => {
    while (socket.writable && socket.write(bytes));
  }
  socket.on('drain', more)
  more()
}

/** The piece so many times in a row, that a flood of small ones is no matter of this side's speed. */
export function many(piece: Buffer | string, byteCount = 64 * 1024): Buffer {
  const bytes = Buffer.from(piece)
  return Buffer.concat(Array.from({ length: Math.ceil(byteCount / bytes.length) }, () => bytes))
}
