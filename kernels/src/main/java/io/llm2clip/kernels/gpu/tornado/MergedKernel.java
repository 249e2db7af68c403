package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A kernel in which operands of one arena share a parameter. A task of TornadoVM's must not get an array twice: what it writes
 * would depend on itself.
 *
 * @param kernel with a parameter per operand
 * @param arenas for each operand which of the distinct arenas it is stored in, these numbered in order of their first operand
 */
record MergedKernel(DeviceKernel kernel, List<Integer> arenas) {
    MergedKernel {
        arenas = List.copyOf(arenas);
    }

    /** The kernel for operands in some arrays. */
    static MergedKernel of(DeviceKernel kernel, List<Object> arrays) {
        Map<Object, Integer> numbers = new IdentityHashMap<>();
        List<Integer> arenas = new ArrayList<>();
        for (Object array : arrays) {
            int next = numbers.size();
            arenas.add(numbers.computeIfAbsent(array, key -> next));
        }
        return new MergedKernel(kernel, arenas);
    }

    /** For each parameter of the kernel, the context first, the number of the parameter that takes its place. */
    int[] parameters() {
        int[] parameters = new int[1 + kernel.roles().size()];
        int[] firsts = new int[arenas.size()];
        int operand = 0;
        int next = 1;
        for (int p = 1; p < parameters.length; p++) {
            if (kernel.roles().get(p - 1).isOperand()) {
                int arena = arenas.get(operand);
                if (arenas.indexOf(arena) == operand) {
                    firsts[arena] = next;
                    next++;
                }
                parameters[p] = firsts[arena];
                operand++;
            } else {
                parameters[p] = next;
                next++;
            }
        }
        return parameters;
    }

    /** The roles of its parameters behind the context. */
    List<Role> roles() {
        int[] parameters = parameters();
        List<Role> roles = new ArrayList<>();
        for (int p = 1; p < parameters.length; p++) {
            if (parameters[p] == roles.size() + 1) {
                roles.add(kernel.roles().get(p - 1));
            }
        }
        return roles;
    }
}
