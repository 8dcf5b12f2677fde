/** Acts on one item after the other, on `atOnce` of them at once. Rejects where an act does. */
export async function inTurns<Item>(
  items: Iterable<Item>,
  atOnce: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const turns = items[Symbol.iterator]()
  const worker = async () => {
    for (let turn = turns.next(); !turn.done; turn = turns.next()) await act(turn.value)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
