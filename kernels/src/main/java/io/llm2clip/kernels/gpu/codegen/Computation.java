package io.llm2clip.kernels.gpu.codegen;

/** Code that makes an expression's result of its inputs. */
sealed interface Computation permits ExpressionCode, InterpreterCode {

    /** Stores the float on the stack as an input. */
    void storeInput(int input);

    /** Computes the result; the inputs are stored. */
    void compute();

    /** Pushes the result. */
    void loadResult();
}
