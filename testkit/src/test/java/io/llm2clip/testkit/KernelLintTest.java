package io.llm2clip.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.LocalVariable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule of the lint is seen to work. */
class KernelLintTest {

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
            k_large | has 858 instructions with all that it calls, of which compilers inline no more than 520; call less
            k_recursive | calls itself, which devices cannot; write a loop
            <clinit> | computes static fields; use compile-time constants only
            """)
    void violationIsFound(String method, String message) {
        assertThat(KernelLint.check(ForbiddenKernels.class))
                .anySatisfy(finding -> assertThat(finding)
                        .startsWith("ForbiddenKernels" + (method.equals("<clinit>") ? "" : "." + method))
                        .contains(message));
    }

    @Test
    void allowedConstructsPass() {
        assertThat(KernelLint.check(ForbiddenKernels.class)).noneMatch(finding -> finding.contains("k_allowed"));
        assertThat(KernelLint.check(PlantedKernels.class)).isEmpty();
    }

    @Test
    void helpersInOtherClassesAreCheckedToo() {
        assertThat(KernelLint.check(CallingKernels.class))
                .hasSameElementsAs(KernelLint.check(ForbiddenKernels.class))
                .isNotEmpty();
    }

    @Test
    void classesWithoutKernelsAreRefused() {
        assertThatThrownBy(() -> KernelLint.check(Reversal.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "io.llm2clip.testkit.Reversal has no kernels: expected static methods called k_... that take a"
                                + " KernelContext first; pass the class that declares them.");
    }

    @Test
    void classesWithoutAClassFileAreNamed() {
        Class<?> generated = ((Runnable) () -> {}).getClass();
        assertThatThrownBy(() -> KernelLint.check(generated))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Class file io/llm2clip/testkit/KernelLintTest$$Lambda")
                .hasMessageContaining("is not found by the loader of io.llm2clip.testkit.KernelLintTest$$Lambda")
                .hasMessageEndingWith("; write kernels in a class of their own that is compiled before it is used.");
        assertThatThrownBy(() -> KernelLint.check(String.class))
                .hasMessageStartingWith("java.lang.String has no kernels: ");
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
