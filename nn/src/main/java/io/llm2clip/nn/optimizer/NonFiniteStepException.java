package io.llm2clip.nn.optimizer;

/** A loss or a gradient that is infinite or not a number; the step was not made, and nothing has changed. */
public final class NonFiniteStepException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String quantity;

    /** @param quantity what is not finite, such as "the loss" */
    NonFiniteStepException(String quantity) {
        super("The step was skipped because " + quantity
                + " is not finite; lower the learning rate or check this batch.");
        this.quantity = quantity;
    }

    /** What is not finite, such as "the loss" or "the gradient of parameter bias [4]". */
    public String quantity() {
        return quantity;
    }
}
