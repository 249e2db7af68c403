package io.llm2clip.kernels.gpu.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.LocalVariable;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** All kernel classes keep to the dialect, and each rule of the lint is seen to work. */
class KernelLintTest {

    @Test
    void kernelClassesKeepToTheDialect() throws IOException, URISyntaxException {
        List<String> kernelClasses = new ArrayList<>();
        List<String> findings = new ArrayList<>();
        Path root = Path.of(KernelContext.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path folder = root.resolve(KernelContext.class.getPackageName().replace('.', '/'))
                .resolveSibling("kernels");
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.class")) {
            for (Path file : files) {
                ClassModel model = ClassFile.of().parse(file);
                if (KernelLint.isKernelClass(model)) {
                    kernelClasses.add(model.thisClass().asSymbol().displayName());
                    findings.addAll(KernelLint.check(model));
                }
            }
        }
        assertThat(findings).isEmpty();
        assertThat(kernelClasses)
                .contains(
                        "AttentionKernels",
                        "ElementwiseKernels",
                        "MatmulKernels",
                        "NormKernels",
                        "RandomKernels",
                        "ReductionKernels",
                        "RowKernels",
                        "ScalarFunctions",
                        "ScatterKernels");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            noPrefix | has no prefix; call it k_...
            k_unsignedShift | uses >>>, which becomes an arithmetic shift; write (x >> k) & mask
            k_lambda | uses invokedynamic (applyAsInt); write loops and if instead of lambdas
            k_object | creates a StringBuilder; kernels have no objects
            k_call | calls List.of, which is not of the dialect; write a static k_ helper
            k_math | calls Math.fma; call KMath.fma, or write a k_ helper if KMath has none
            k_throw | throws; devices have no exceptions
            k_catch | catches; devices have no exceptions
            k_sized | creates a private INT array of a size that is not constant; use a static final size
            k_nested | creates an array of arrays or objects; use one flat array of float or int
            k_field | accesses field ForbiddenKernels.counter; use a compile-time constant
            k_double | computes in double precision (F2D); use float and float literals
            k_break | leaves a loop by break, which overwrites values that the loop carries; put a flag
            k_notLess | compares floats by >= or <=, which becomes true of NaN; write < or >
            k_notGreater | compares floats by >= or <=, which becomes true of NaN; write < or >
            k_nan | has the constant NaN, which becomes a name that devices do not know
            k_or | has || in a condition, whose second way into the body gets lost
            k_parameter | assigns a buffer to the parameter 'x', which operands of one arena share on devices
            k_keyword | has a variable 'global', a keyword of device languages; rename it
            """)
    void violationIsFound(String method, String message) throws IOException {
        assertThat(KernelLint.check(forbidden()))
                .anySatisfy(finding -> assertThat(finding)
                        .startsWith("ForbiddenKernels." + method)
                        .contains(message));
    }

    @Test
    void allowedConstructsPass() throws IOException {
        assertThat(KernelLint.check(forbidden())).noneMatch(finding -> finding.contains("k_allowed"));
    }

    @Test
    void missingVariableTableIsFound() throws IOException {
        CodeTransform drop = (builder, element) -> {
            if (!(element instanceof LocalVariable)) {
                builder.with(element);
            }
        };
        ClassFile file = ClassFile.of();
        byte[] stripped = file.transformClass(forbidden(), ClassTransform.transformingMethodBodies(drop));
        assertThat(KernelLint.check(file.parse(stripped)))
                .contains(
                        "ForbiddenKernels.k_allowed has no LocalVariableTable for its parameters; compile kernels with -g.");
    }

    private static ClassModel forbidden() throws IOException {
        String resource = ForbiddenKernels.class.getSimpleName() + ".class";
        try (var in = ForbiddenKernels.class.getResourceAsStream(resource)) {
            assertThat(in).isNotNull();
            return ClassFile.of().parse(in.readAllBytes());
        }
    }
}
