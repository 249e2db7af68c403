package io.llm2clip.testkit;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Compares what two runs of an operation wrote. */
final class Comparison {

    private Comparison() {}

    /**
     * Says which elements were written by neither of two runs.
     *
     * @param one of a run that found results full of {@link OperandMemory#NEVER_WRITTEN}
     * @param other of one that found them full of {@link OperandMemory#NEVER_WRITTEN_AGAIN}
     */
    static Optional<String> unwritten(OperandMemory one, OperandMemory other) {
        for (int i = 0; i < one.operands().size(); i++) {
            Operand operand = one.operands().get(i);
            if (operand.access() == Operand.Access.WRITE) {
                int size = operand.dtype().bytes();
                long first = -1;
                long count = 0;
                for (long e = 0; e < operand.elements(); e++) {
                    if (isFilled(one, i, e * size, size, OperandMemory.NEVER_WRITTEN)
                            && isFilled(other, i, e * size, size, OperandMemory.NEVER_WRITTEN_AGAIN)) {
                        first = first < 0 ? e : first;
                        count++;
                    }
                }
                if (count > 0) {
                    return Optional.of("never writes " + operand.name() + "[" + first + "], one of " + count + " of "
                            + operand.elements() + " elements; write every element of a result");
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isFilled(OperandMemory memory, int operand, long start, int bytes, byte with) {
        for (long at = start; at < start + bytes; at++) {
            if (memory.segment(operand).get(ValueLayout.JAVA_BYTE, at) != with) {
                return false;
            }
        }
        return true;
    }

    /**
     * Says which of the written elements differ by more than they may.
     *
     * @param tolerance absolute and relative, for floats; other elements are equal or not. What is stored in 16 bits may differ in the last one,
     *     too, unless the tolerance is 0.
     */
    static Optional<String> difference(OperandMemory found, OperandMemory expected, double tolerance) {
        for (int i = 0; i < found.operands().size(); i++) {
            Operand operand = found.operands().get(i);
            if (operand.access() != Operand.Access.READ) {
                StoredElements mine = new StoredElements(operand.dtype(), found.segment(i));
                StoredElements other = new StoredElements(operand.dtype(), expected.segment(i));
                long first = -1;
                long count = 0;
                for (long e = 0; e < operand.elements(); e++) {
                    if (!isClose(operand.dtype(), value(mine, e), value(other, e), tolerance)) {
                        first = first < 0 ? e : first;
                        count++;
                    }
                }
                if (count > 0) {
                    return Optional.of(operand.name() + "[" + first + "] is " + text(mine, first) + ", expected "
                            + text(other, first) + (tolerance == 0 ? "" : " (tolerance " + tolerance + ")") + "; "
                            + count + " of " + operand.elements() + " elements differ");
                }
            }
        }
        return Optional.empty();
    }

    private static double value(StoredElements elements, long index) {
        return elements.format() == DType.I32 ? elements.getInt(index) : elements.get(index);
    }

    private static String text(StoredElements elements, long index) {
        return elements.format() == DType.I32
                ? String.valueOf(elements.getInt(index))
                : String.valueOf(elements.get(index));
    }

    private static boolean isClose(DType dtype, double found, double expected, double tolerance) {
        if (found == expected || Double.isNaN(found) && Double.isNaN(expected)) {
            return true;
        }
        if (tolerance == 0 || dtype == DType.I32 || Double.isInfinite(expected)) {
            return false;
        }
        double place = switch (dtype) {
            case BF16 -> 0x1p-7;
            case F16 -> 0x1p-10;
            case F32, BOOL, I32, Q8, Q4, Q4_1 -> 0;
        };
        return Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected)) + place * Math.abs(expected);
    }
}
