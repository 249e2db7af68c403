package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.List;

/**
 * A kernel and what it works on, without addresses.
 *
 * @param op with the layouts of its operands decided
 * @param precision of its multiplications
 * @param operands what it reads, in its order
 * @param results what it writes, in its order
 */
record KernelCall(KernelOp op, Precision precision, List<View> operands, List<Node> results) {}
