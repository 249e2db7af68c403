package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.Views;
import java.util.List;
import java.util.Map;

/** From a graph to a plan for a device, pass by pass. */
public final class Compiler {
    private Compiler() {}

    /**
     * Compiles what the roots need, and nothing else.
     *
     * @param roots the program's outputs
     * @param target the device
     * @param options what the program is asked for
     * @throws io.llm2clip.tensor.TensorException if the target does not have what the options or the graph ask for
     */
    public static Plan compile(List<Tensor> roots, Target target, ProgramOptions options) {
        Simplifier.Simplified graph = Simplifier.simplify(roots);
        FormatCheck.require(graph.order(), target);
        Map<Node, Precision> precisions = PrecisionPass.assign(graph.order(), target, options);
        Views views = new Views();
        List<Computation> computations = Fusion.fuse(graph.order(), target, precisions, views);
        Layouts.Laid laid = Layouts.assign(computations, graph.outputs(), views, target.packings());
        List<KernelCall> schedule = Schedule.order(laid);
        MemoryPlan memory = MemoryPlan.of(schedule, graph.inputs().values(), laid.outputs(), target);
        return PlanBuilder.build(schedule, graph.inputs(), laid.outputs(), memory);
    }
}
