package io.llm2clip.kernels.operations;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** An index out of its range, found before anything is read or written through it. */
public final class IndexException extends IndexOutOfBoundsException {
    private static final long serialVersionUID = 1L;

    private final String operand;
    private final String found;

    private IndexException(String operand, String found, String message) {
        super(message);
        this.operand = operand;
        this.found = found;
    }

    /**
     * Checks an element.
     *
     * @param operation for the message
     * @param operand its name among the operation's operands
     * @param position of the element in the operand
     * @param value the element
     * @throws IndexException unless it lies in {@code least .. most}
     */
    public static void require(String operation, String operand, long position, int value, int least, int most) {
        if (value < least || value > most) {
            String found = operation + ": " + operand + "[" + position + "] is " + value + ", expected " + least
                    + " to " + most;
            throw new IndexException(operand, found, found + ".");
        }
    }

    /**
     * Checks all indices of an operation: the elements of operands that have bounds.
     *
     * @param operands memory in the order of {@link KernelOp#operands}
     * @throws IndexException unless they are within the bounds, and ascend where these say so
     */
    public static void require(KernelOp op, MemorySegment[] operands) {
        List<Operand> declared = op.operands();
        for (int i = 0; i < operands.length; i++) {
            Operand.Bounds bounds = declared.get(i).bounds();
            if (bounds != null) {
                require(op.name(), declared.get(i), bounds, operands[i]);
            }
        }
    }

    private static void require(String operation, Operand operand, Operand.Bounds bounds, MemorySegment elements) {
        int least = bounds.least();
        for (long i = 0; i < operand.elements(); i++) {
            int value = elements.get(ValueLayout.JAVA_INT_UNALIGNED, i * Integer.BYTES);
            require(operation, operand.name(), i, value, least, bounds.most());
            least = bounds.ascending() ? value : least;
        }
    }

    /** The operand's name among those of its operation. */
    public String operand() {
        return operand;
    }

    /**
     * The same, with more to say.
     *
     * @param operands which tensors the operation works on
     */
    public IndexException of(String operands) {
        IndexException named = new IndexException(operand, found, found + "; " + operands + ".");
        named.setStackTrace(getStackTrace());
        return named;
    }
}
