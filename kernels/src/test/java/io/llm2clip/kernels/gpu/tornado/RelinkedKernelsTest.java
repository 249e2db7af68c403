package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.kernels.HalfConversion;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.EdgeCases;
import io.llm2clip.kernels.gpu.launch.Transfers;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.KernelOp;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.constant.ClassDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What can be seen of relinked classes without TornadoVM, whose types they name. */
class RelinkedKernelsTest {
    private static final String DIALECT = KernelContext.class.getPackageName() + ".";
    private static final Set<String> REPLACED = Set.of("KernelContext", "FloatBuf", "IntBuf", "ShortBuf", "KMath");

    @Test
    void nothingOfTheDialectIsLeft() throws IOException {
        for (Class<?> owner : owners()) {
            ClassModel relinked = relinked(owner);
            assertThat(relinked.thisClass().asSymbol().displayName()).isEqualTo(owner.getSimpleName());
            assertThat(types(relinked))
                    .as("types in %s", owner)
                    .noneMatch(name -> name.startsWith(DIALECT) && REPLACED.contains(name.substring(DIALECT.length())));
        }
    }

    @Test
    void kernelsKeepTheirParametersNames() throws IOException {
        DeviceKernel kernel = Transfers.copy(DType.BF16, 1).kernel();
        MethodModel method = method(relinked(kernel.owner()), kernel.name());
        assertThat(method.flags().has(AccessFlag.PUBLIC)).isTrue();
        assertThat(method.methodTypeSymbol().displayDescriptor())
                .isEqualTo("(KernelContext,ShortArray,ShortArray,IntArray)void");
        assertThat(names(method)).containsExactly("context", "source", "target", "params", "element");
    }

    private static List<String> names(MethodModel method) {
        return method
                .code()
                .orElseThrow()
                .findAttribute(Attributes.localVariableTable())
                .orElseThrow()
                .localVariables()
                .stream()
                .map(variable -> variable.name().stringValue())
                .toList();
    }

    /** TornadoVM must not get an array twice: of operands in one arena only the first has a parameter. */
    @Test
    void operandsOfOneArenaShareAParameter() throws IOException {
        KernelOp op = new AdamWUpdate(5, new AdamWUpdate.Hyper(1, 0.9f, 0.99f, 1e-8f, 0));
        DeviceKernel kernel = DeviceKernels.plan(op).launches().getFirst().kernel();
        Object weights = new Object();
        Object state = new Object();
        MergedKernel merged = MergedKernel.of(kernel, List.of(state, state, state, weights, state, state));
        assertThat(merged.arenas()).containsExactly(0, 0, 0, 1, 0, 0);
        assertThat(merged)
                .isEqualTo(MergedKernel.of(kernel, List.of(weights, weights, weights, state, weights, weights)));
        assertThat(merged.parameters()).containsExactly(0, 1, 1, 1, 2, 1, 1, 3, 4);
        assertThat(merged.roles())
                .containsExactly(
                        DeviceKernel.Role.FLOATS,
                        DeviceKernel.Role.FLOATS,
                        DeviceKernel.Role.PARAMS,
                        DeviceKernel.Role.SCALARS);
        MethodModel method = method(relinked(kernel.owner(), merged), kernel.name());
        assertThat(method.methodTypeSymbol().displayDescriptor())
                .isEqualTo("(KernelContext,FloatArray,FloatArray,IntArray,FloatArray)void");
        assertThat(names(method))
                .contains("context", "grad", "parameter", "params")
                .doesNotContain("mean");
        for (var element : method.code().orElseThrow()) {
            if (element instanceof LoadInstruction load && load.typeKind() == TypeKind.REFERENCE) {
                assertThat(load.slot()).isLessThan(5);
            }
        }
    }

    @Test
    void helpersWithArraysAreInlined() throws IOException {
        for (Class<?> owner : owners()) {
            for (MethodModel method : relinked(owner).methods()) {
                for (var element : method.code().orElseThrow()) {
                    if (element instanceof InvokeInstruction invoke) {
                        assertThat(invoke.typeSymbol().parameterList())
                                .as("%s calls %s", method.methodName(), invoke.name())
                                .noneMatch(ClassDesc::isArray);
                    }
                }
            }
        }
    }

    @Test
    void tasksOnlyCallTheirKernel() {
        DeviceKernel kernel = Transfers.copy(DType.F32, 1).kernel();
        MergedKernel merged = MergedKernel.of(kernel, List.of(new Object(), new Object()));
        ClassModel task = ClassFile.of().parse(new RelinkedKernels(merged).taskClass(merged));
        assertThat(task.interfaces().getFirst().asSymbol())
                .isEqualTo(ClassDesc.of(KernelRelinker.API + "common.TornadoFunctions")
                        .nested("Task4"));
        assertThat(task.constantPool().size()).isLessThan(256);
        List<String> calls = new ArrayList<>();
        task.methods().stream()
                .filter(method -> method.methodName().equalsString("apply"))
                .forEach(method -> method.code().orElseThrow().forEach(element -> {
                    if (element instanceof InvokeInstruction invoke) {
                        calls.add(invoke.name().stringValue());
                    }
                }));
        assertThat(calls).containsExactly("k_copyFloats");
    }

    private static Set<Class<?>> owners() {
        Set<Class<?>> owners = new LinkedHashSet<>();
        EdgeCases.operations()
                .flatMap(op -> DeviceKernels.plan(op).launches().stream())
                .forEach(launch -> owners.add(launch.kernel().owner()));
        owners.add(Transfers.touch(DType.F32).kernel().owner());
        owners.add(HalfConversion.class);
        return owners;
    }

    private static MethodModel method(ClassModel model, String name) {
        return model.methods().stream()
                .filter(method -> method.methodName().equalsString(name))
                .findFirst()
                .orElseThrow();
    }

    private static ClassModel relinked(Class<?> owner) throws IOException {
        return relinked(owner, null);
    }

    private static ClassModel relinked(Class<?> owner, @Nullable MergedKernel merged) throws IOException {
        KernelRelinker relinker = new KernelRelinker(type -> {
            try {
                return read(Class.forName(type.packageName() + "." + type.displayName()));
            } catch (IOException | ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
        });
        return ClassFile.of().parse(relinker.relink(read(owner), merged));
    }

    private static ClassModel read(Class<?> type) throws IOException {
        try (InputStream in = type.getResourceAsStream(type.getSimpleName() + ".class")) {
            assertThat(in).isNotNull();
            return ClassFile.of().parse(in.readAllBytes());
        }
    }

    private static Set<String> types(ClassModel model) {
        Set<String> types = new LinkedHashSet<>();
        for (MethodModel method : model.methods()) {
            method.methodTypeSymbol().parameterList().forEach(type -> types.add(name(type)));
            CodeModel code = method.code().orElseThrow();
            for (var element : code) {
                switch (element) {
                    case FieldInstruction field -> types.add(name(field.owner().asSymbol()));
                    case InvokeInstruction invoke -> {
                        types.add(name(invoke.owner().asSymbol()));
                        invoke.typeSymbol().parameterList().forEach(type -> types.add(name(type)));
                    }
                    default -> {}
                }
            }
        }
        return types;
    }

    private static String name(ClassDesc type) {
        return type.packageName() + "." + type.displayName();
    }
}
