package io.llm2clip.testkit;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.LocalVariableInfo;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ExceptionCatch;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.lang.constant.ClassDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds in class files what GPU compilers of Java bytecode silently miscompile or refuse, and says what to write instead.
 *
 * <p>Not visible in class files, and so up to the emulator and to reviews: reading private arrays before writing them, stores that
 * cover an arena neither completely nor under a condition.
 */
public final class KernelLint {
    /** What names of kernels and their helpers begin with. */
    static final String PREFIX = "k_";

    private static final Set<ClassDesc> DIALECT = Set.of(
            description(KernelContext.class),
            description(FloatBuf.class),
            description(IntBuf.class),
            description(ShortBuf.class),
            description(KMath.class));

    /** Words of C, OpenCL C and CUDA C++ that are identifiers in Java; local names are copied into the generated source. */
    private static final Set<String> KEYWORDS = Set.of(
            "alignas",
            "and",
            "asm",
            "auto",
            "bool",
            "complex",
            "constant",
            "delete",
            "device",
            "event_t",
            "extern",
            "friend",
            "global",
            "goto",
            "half",
            "image",
            "inline",
            "kernel",
            "local",
            "namespace",
            "not",
            "operator",
            "or",
            "pipe",
            "quad",
            "register",
            "restrict",
            "shared",
            "signed",
            "sizeof",
            "struct",
            "template",
            "typedef",
            "typename",
            "uchar",
            "uint",
            "ulong",
            "union",
            "unsigned",
            "ushort",
            "using",
            "vec",
            "virtual",
            "xor");

    private final List<String> findings = new ArrayList<>();

    private KernelLint() {}

    /**
     * Checks a class of kernels, and the classes whose helpers they call.
     *
     * @param kernels has kernels and their helpers only
     * @return one sentence for each violation, beginning with where it is; none if the kernels keep to the dialect
     * @throws IllegalArgumentException if the class has no kernel, or a class file is not found
     */
    public static List<String> check(Class<?> kernels) {
        List<ClassModel> models = KernelClassFiles.withHelpers(kernels);
        if (!isKernelClass(models.getFirst())) {
            throw new IllegalArgumentException(kernels.getName() + " has no kernels: expected static methods called "
                    + PREFIX + "... that take a KernelContext first; pass the class that declares them.");
        }
        return Stream.concat(
                        models.stream().flatMap(model -> check(model).stream()), HelperSizes.check(models).stream())
                .toList();
    }

    /** Whether a class has kernels or helpers of kernels: a method with the prefix, or with a context as parameter. */
    static boolean isKernelClass(ClassModel model) {
        return model.methods().stream()
                .anyMatch(method -> method.methodName().stringValue().startsWith(PREFIX) || takesContext(method));
    }

    /**
     * Checks a class file by itself, and so without what its methods have in others: sizes of helpers are not known.
     *
     * @return one sentence for each violation, beginning with where it is
     */
    public static List<String> check(ClassModel model) {
        KernelLint lint = new KernelLint();
        String owner = model.thisClass().asSymbol().displayName();
        for (MethodModel method : model.methods()) {
            switch (method.methodName().stringValue()) {
                case "<init>" -> {} // private, of a class without objects
                case "<clinit>" -> lint.add(owner, 0, "computes static fields; use compile-time constants only");
                default -> lint.checkMethod(owner + "." + method.methodName(), method);
            }
        }
        return lint.findings;
    }

    private static boolean takesContext(MethodModel method) {
        return method.flags().has(AccessFlag.STATIC)
                && method.methodTypeSymbol().parameterList().contains(description(KernelContext.class));
    }

    private void checkMethod(String name, MethodModel method) {
        if (!method.methodName().stringValue().startsWith(PREFIX)) {
            add(name, 0, "has no prefix; call it k_..., as its name becomes a device function next to built-in ones");
        }
        if (!method.flags().has(AccessFlag.STATIC)) {
            add(name, 0, "is not static; kernels have no object, so declare it static");
        }
        method.code()
                .ifPresentOrElse(
                        code -> {
                            checkVariables(name, method, code);
                            checkCode(name, code);
                        },
                        () -> add(name, 0, "has no code; write it in Java"));
    }

    private void checkVariables(String name, MethodModel method, CodeModel code) {
        List<LocalVariableInfo> variables = new ArrayList<>();
        code.findAttributes(Attributes.localVariableTable()).forEach(table -> variables.addAll(table.localVariables()));
        long parameters = variables.stream()
                .filter(variable -> variable.startPc() == 0)
                .map(LocalVariableInfo::slot)
                .distinct()
                .count();
        if (parameters < method.methodTypeSymbol().parameterCount()) {
            add(name, 0, "has no LocalVariableTable for its parameters; compile kernels with -g");
        }
        for (CodeElement element : code) {
            if (element instanceof StoreInstruction store
                    && store.typeKind() == TypeKind.REFERENCE
                    && store.slot() < method.methodTypeSymbol().parameterCount()) {
                add(
                        name,
                        0,
                        "assigns a buffer to the parameter " + nameOf(variables, store.slot())
                                + ", which operands of one arena share on devices; use a condition instead");
            }
        }
        for (LocalVariableInfo variable : variables) {
            if (KEYWORDS.contains(variable.name().stringValue())) {
                add(name, 0, "has a variable '" + variable.name() + "', a keyword of device languages; rename it");
            }
        }
    }

    private static String nameOf(List<LocalVariableInfo> variables, int slot) {
        return variables.stream()
                .filter(variable -> variable.slot() == slot)
                .map(variable -> "'" + variable.name() + "'")
                .findFirst()
                .orElse(String.valueOf(slot));
    }

    private void checkCode(String name, CodeModel code) {
        Map<Label, Integer> positions = new HashMap<>();
        List<CodeElement> elements = code.elementList();
        for (int i = 0; i < elements.size(); i++) {
            if (elements.get(i) instanceof LabelTarget target) {
                positions.put(target.label(), i);
            }
        }
        int line = 0;
        Instruction previous = null;
        for (int i = 0; i < elements.size(); i++) {
            CodeElement element = elements.get(i);
            if (element instanceof LineNumber number) {
                line = number.line();
            }
            String finding = finding(element, previous);
            if (finding == null
                    && element instanceof BranchInstruction branch
                    && leavesLoop(branch, i, elements, positions)) {
                finding =
                        "leaves a loop by break, which overwrites values that the loop carries; put a flag into the loop's condition";
            }
            if (finding == null
                    && element instanceof BranchInstruction branch
                    && entersFromTwoConditions(branch, i, elements, positions)) {
                finding =
                        "has || in a condition, whose second way into the body gets lost; compute a bound or a flag before,"
                                + " or nest conditions";
            }
            if (finding != null) {
                add(name, line, finding);
            }
            if (element instanceof Instruction instruction) {
                previous = instruction;
            }
        }
    }

    /** A break is a goto out of a loop; a loop's condition and a return are other instructions. */
    private static boolean leavesLoop(
            BranchInstruction branch, int at, List<CodeElement> elements, Map<Label, Integer> positions) {
        int target = positions.getOrDefault(branch.target(), -1);
        if (!isGoto(branch) || target <= at) {
            return false;
        }
        for (int i = at + 1; i < target; i++) {
            if (elements.get(i) instanceof BranchInstruction back && positions.getOrDefault(back.target(), at) < at) {
                return true;
            }
        }
        return false;
    }

    /** With || a condition jumps over another one into the body, right behind that one's jump past the body. */
    private static boolean entersFromTwoConditions(
            BranchInstruction branch, int at, List<CodeElement> elements, Map<Label, Integer> positions) {
        int target = positions.getOrDefault(branch.target(), -1);
        if (isGoto(branch) || target <= at) {
            return false;
        }
        for (int i = target - 1; i > at; i--) {
            if (elements.get(i) instanceof Instruction instruction) {
                return instruction instanceof BranchInstruction last
                        && !isGoto(last)
                        && positions.getOrDefault(last.target(), -1) > i;
            }
        }
        return false;
    }

    private static boolean isGoto(BranchInstruction branch) {
        return branch.opcode() == Opcode.GOTO || branch.opcode() == Opcode.GOTO_W;
    }

    /** Java code for a comparison that is not true of NaN is compiled to one that is. */
    private static boolean includesNaN(BranchInstruction branch, @Nullable Instruction previous) {
        if (previous == null) {
            return false;
        }
        return switch (branch.opcode()) {
            case IFLT, IFGE -> previous.opcode() == Opcode.FCMPL;
            case IFGT, IFLE -> previous.opcode() == Opcode.FCMPG;
            default -> false;
        };
    }

    private static @Nullable String finding(CodeElement element, @Nullable Instruction previous) {
        return switch (element) {
            case OperatorInstruction o
            when o.opcode() == Opcode.IUSHR || o.opcode() == Opcode.LUSHR ->
                "uses >>>, which becomes an arithmetic shift; write (x >> k) & mask";
            case BranchInstruction branch
            when includesNaN(branch, previous) ->
                "compares floats by >= or <=, which becomes true of NaN; write < or >, or their negation where NaN may pass";
            case ConstantInstruction constant
            when constant.constantValue() instanceof Float value && value.isNaN() ->
                "has the constant NaN, which becomes a name that devices do not know; compute it, as infinity * 0f";
            case InvokeDynamicInstruction invoke ->
                "uses invokedynamic (" + invoke.name()
                        + "); write loops and if instead of lambdas, string concatenation and pattern switches";
            case NewObjectInstruction object ->
                "creates a " + object.className().asSymbol().displayName()
                        + "; kernels have no objects, so pass values one by one";
            case NewReferenceArrayInstruction _, NewMultiArrayInstruction _ ->
                "creates an array of arrays or objects; use one flat array of float or int";
            case NewPrimitiveArrayInstruction array
            when !(previous instanceof ConstantInstruction) ->
                "creates a private " + array.typeKind()
                        + " array of a size that is not constant; use a static final size";
            case ThrowInstruction _ -> "throws; devices have no exceptions, so check on the host or guard with if";
            case ExceptionCatch _ -> "catches; devices have no exceptions, so check on the host or guard with if";
            case FieldInstruction field
            when !field.owner().asSymbol().equals(description(KernelContext.class)) ->
                "accesses field " + field.owner().asSymbol().displayName() + "." + field.name()
                        + "; use a compile-time constant or pass the value in params";
            case InvokeInstruction invoke -> call(invoke);
            case Instruction instruction
            when isDouble(instruction.opcode()) ->
                "computes in double precision (" + instruction.opcode()
                        + "); use float and float literals such as 0.5f";
            default -> null;
        };
    }

    private static @Nullable String call(InvokeInstruction invoke) {
        ClassDesc owner = invoke.owner().asSymbol();
        String callee = owner.displayName() + "." + invoke.name();
        if (DIALECT.contains(owner) || invoke.name().stringValue().startsWith(PREFIX)) {
            return null;
        }
        return callee.startsWith("Math.") || callee.startsWith("StrictMath.")
                ? "calls " + callee + "; call KMath." + invoke.name() + ", or write a k_ helper if KMath has none"
                : "calls " + callee + ", which is not of the dialect; write a static k_ helper";
    }

    private static boolean isDouble(Opcode opcode) {
        return switch (opcode) {
            case DADD, DSUB, DMUL, DDIV, DREM, DNEG, DCMPG, DCMPL, I2D, L2D, F2D, D2F, D2I, D2L, DALOAD, DASTORE ->
                true;
            default -> false;
        };
    }

    private static ClassDesc description(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }

    private void add(String method, int line, String finding) {
        findings.add(method + (line == 0 ? "" : ":" + line) + " " + finding + ".");
    }
}
