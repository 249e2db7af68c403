package io.llm2clip.kernels.operations;

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
