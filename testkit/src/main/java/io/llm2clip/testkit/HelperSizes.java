package io.llm2clip.testkit;

import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How large helpers are with all that they call. TornadoVM inlines no method of more than 600 nodes of its graph, and compiles no kernel that
 * calls one. A helper of 583 instructions was inlined; one of 681 had 713 nodes.
 */
final class HelperSizes {
    private static final int MAX_INSTRUCTIONS = 520;

    private final Map<String, CodeModel> methods = new HashMap<>();
    private final Set<String> called = new LinkedHashSet<>();

    private HelperSizes(List<ClassModel> models) {
        for (ClassModel model : models) {
            String owner = model.thisClass().asInternalName();
            for (MethodModel method : model.methods()) {
                method.code().ifPresent(code -> {
                    methods.put(name(owner, method.methodName() + "" + method.methodType()), code);
                    called.addAll(calls(code));
                });
            }
        }
    }

    /** A sentence for each helper that is too large, or that calls itself. */
    static List<String> check(List<ClassModel> models) {
        HelperSizes sizes = new HelperSizes(models);
        return sizes.called.stream()
                .flatMap(helper -> sizes.finding(helper).stream())
                .toList();
    }

    private Optional<String> finding(String helper) {
        if (calls(helper, helper, new HashSet<>())) {
            return Optional.of(display(helper) + " calls itself, which devices cannot; write a loop.");
        }
        int size = size(helper, 0);
        return size <= MAX_INSTRUCTIONS
                ? Optional.empty()
                : Optional.of(display(helper) + " has " + size
                        + " instructions with all that it calls, of which compilers inline no more than "
                        + MAX_INSTRUCTIONS + "; call less, or what is called twice once in a loop.");
    }

    private boolean calls(String caller, String callee, Set<String> seen) {
        return seen.add(caller)
                && calls(caller).stream().anyMatch(each -> each.equals(callee) || calls(each, callee, seen));
    }

    private int size(String method, int depth) {
        CodeModel code = methods.get(method);
        // Something that is called calls itself, and is found by its own name.
        if (code == null || depth > methods.size()) {
            return 0;
        }
        long own = code.elementStream().filter(Instruction.class::isInstance).count();
        return (int) own
                + calls(method).stream().mapToInt(each -> size(each, depth + 1)).sum();
    }

    private List<String> calls(String method) {
        CodeModel code = methods.get(method);
        return code == null ? List.of() : calls(code);
    }

    private static List<String> calls(CodeModel code) {
        return code.elementStream()
                .filter(InvokeInstruction.class::isInstance)
                .map(element -> ((InvokeInstruction) element).method())
                .map(method -> name(method.owner().asInternalName(), method.name() + "" + method.type()))
                .toList();
    }

    private static String name(String owner, String method) {
        return owner + "." + method;
    }

    /** As findings name methods: class and method. */
    private static String display(String method) {
        return method.substring(method.substring(0, method.indexOf('.')).lastIndexOf('/') + 1, method.indexOf('('));
    }
}
