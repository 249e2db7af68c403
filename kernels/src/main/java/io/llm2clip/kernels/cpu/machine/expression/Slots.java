package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.operations.Expression;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Where the values of an expression are kept: each in a slot, which another value gets after its last use.
 *
 * @param ofValue the slot of each value, or -1 where nobody reads it
 * @param count how many there are
 */
record Slots(int[] ofValue, int count) {
    static Slots of(Expression expression) {
        int inputs = expression.inputs();
        int values = inputs + expression.instructions().size();
        int[] lastUse = new int[values];
        Arrays.fill(lastUse, -1);
        for (int i = 0; i < expression.instructions().size(); i++) {
            for (int operand : expression.instructions().get(i).operands()) {
                lastUse[operand] = i;
            }
        }
        lastUse[expression.result()] = values;
        int[] slots = new int[values];
        Arrays.fill(slots, -1);
        BitSet taken = new BitSet();
        for (int input = 0; input < inputs; input++) {
            if (lastUse[input] >= 0) {
                slots[input] = take(taken);
            }
        }
        int most = taken.length();
        for (int i = 0; i < expression.instructions().size(); i++) {
            int value = inputs + i;
            // A result never replaces an operand while it is computed.
            slots[value] = take(taken);
            most = Math.max(most, taken.length());
            for (int operand : expression.instructions().get(i).operands()) {
                if (lastUse[operand] == i) {
                    taken.clear(slots[operand]);
                }
            }
            if (lastUse[value] < 0) {
                taken.clear(slots[value]);
            }
        }
        return new Slots(slots, most);
    }

    private static int take(BitSet taken) {
        int slot = taken.nextClearBit(0);
        taken.set(slot);
        return slot;
    }
}
