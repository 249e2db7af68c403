package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.kernels.SquareSumKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.operations.SquareSums;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** The launches of sums of squares, each of as many inputs as its kernel takes. */
final class SquareSumPlan {
    private static final int INPUTS = SquareSumKernels.INPUTS;
    private static final DeviceKernel KERNEL = new DeviceKernel(SquareSumKernels.class, "k_squareSums", roles());

    private SquareSumPlan() {}

    static DevicePlan of(SquareSums op) {
        // Without empty inputs, so that each begins with a block of its own.
        List<Integer> inputs = IntStream.range(0, op.elements().size())
                .filter(input -> op.elements().get(input) > 0)
                .boxed()
                .toList();
        List<DeviceLaunch> launches = new ArrayList<>();
        int done = 0;
        for (int first = 0; first < inputs.size(); first += INPUTS) {
            List<Integer> part = inputs.subList(first, Math.min(first + INPUTS, inputs.size()));
            Binding out = new Binding(op.elements().size(), done);
            DeviceLaunch launch = launch(op, part, out);
            launches.add(launch);
            done += launch.grid().x() / SquareSumKernels.GROUP;
        }
        return new DevicePlan(op.operands(), launches, 0);
    }

    private static DeviceLaunch launch(SquareSums op, List<Integer> inputs, Binding out) {
        List<Integer> firsts = new ArrayList<>();
        List<Integer> elements = new ArrayList<>();
        List<Binding> operands = new ArrayList<>();
        int blocks = 0;
        for (int input : inputs) {
            firsts.add(blocks);
            elements.add(op.elements().get(input));
            operands.add(Binding.of(input));
            blocks += SquareSums.blocks(op.elements().get(input));
        }
        int unused = INPUTS - inputs.size();
        firsts.addAll(Collections.nCopies(unused, blocks));
        elements.addAll(Collections.nCopies(unused, 0));
        operands.addAll(Collections.nCopies(unused, operands.getFirst()));
        operands.add(out);
        List<Integer> dimensions = new ArrayList<>(List.of(SquareSums.BLOCK));
        dimensions.addAll(firsts);
        dimensions.addAll(elements);
        return new DeviceLaunch(KERNEL, Grid.rows(blocks, SquareSumKernels.GROUP), dimensions, List.of(), operands);
    }

    private static List<Role> roles() {
        List<Role> roles = new ArrayList<>(Collections.nCopies(INPUTS + 1, Role.FLOATS));
        roles.add(Role.PARAMS);
        return roles;
    }
}
