package io.llm2clip.kernels.operations;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What operations of one's own say of their operands. */
class DeclarationTest {
    private static final Operand IN = Operand.in("x", 3);

    private record Own(Supplier<List<Operand>> declared) implements CustomOp {
        @Override
        public List<Operand> operands() {
            return declared.get();
        }

        @Override
        public void reference(MemorySegment... operands) {}
    }

    private static void refused(String message, Operand... operands) {
        assertThatThrownBy(() -> Declaration.require(new Own(() -> List.of(operands))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void whatMakesSenseIsTaken() {
        for (List<Operand> operands : List.of(
                List.of(Operand.out(0)),
                List.of(IN, Operand.indices("i", 2, 0, -1), Operand.out(1), Operand.out("rest", DType.F16, 5)),
                List.of(Operand.in("w", DType.Q4, 64), Operand.update("state", DType.I32, 1)))) {
            assertThatCode(() -> Declaration.require(new Own(() -> operands))).doesNotThrowAnyException();
        }
    }

    @Test
    void nonsenseIsRefused() {
        refused(
                "Operation Own has 0 results and updates 0 operands, expected results or updates, and not both; declare"
                        + " what it writes by Operand.out or Operand.update.",
                IN);
        refused(
                "Operation Own has 1 results and updates 1 operands, expected results or updates, and not both; make two"
                        + " operations of it.",
                Operand.out(1),
                Operand.update("state", 1));
        refused(
                "Operation Own: operand 'x' is there twice, expected a name of its own for each.",
                IN,
                Operand.out("x", 1));
        refused(
                "Operation Own: operand 'x' is READ and follows one that is WRITE, expected inputs first; change their"
                        + " order.",
                Operand.out(1),
                IN);
        refused(
                "Operation Own: operand 'out' is written as Q8, expected a dense format; quantized elements are read"
                        + " only.",
                IN,
                Operand.out("out", DType.Q8, 32));
        Packing packing = new Packing("vector", DType.F32, 1, 1, 8, 32);
        refused(
                "Operation Own: operand 'b' is packed, expected elements in their own order; only matmuls read packed"
                        + " operands.",
                new Operand("b", DType.F32, 1, Operand.Access.READ, null, packing),
                Operand.out(1));
    }

    @Test
    void operandsThatChangeAreRefused() {
        List<Operand> grown = new ArrayList<>(List.of(Operand.out(1)));
        CustomOp op = new Own(() -> {
            grown.addFirst(Operand.in("x" + grown.size(), 1));
            return grown;
        });
        assertThatThrownBy(() -> Declaration.require(op))
                .hasMessage("Operation Own has other operands each time it is asked, expected the same ones; make it a"
                        + " record.");
        assertThatThrownBy(() -> Declaration.require(new Own(() -> {
                    throw new IllegalStateException("not yet");
                })))
                .isInstanceOf(OperationException.class)
                .hasMessage("Operation Own: operands() failed with java.lang.IllegalStateException: not yet");
    }

    @Test
    void operandsAreChecked() {
        assertThatThrownBy(() -> Operand.in("x", -1))
                .hasMessage("Operand 'x' has -1 elements, expected 0 or more; look for an overflow.");
        assertThatThrownBy(() -> Operand.out(" ", 1))
                .hasMessage("An operand has the name ' ', expected one that messages can call it by; say its role.");
        assertThatThrownBy(() -> Operand.in("w", DType.Q8, 33))
                .hasMessage(
                        "Operand 'w' has 33 elements of Q8, expected whole blocks of 32; pad the rows, or use a dense"
                                + " format.");
        assertThatThrownBy(() ->
                        new Operand("i", DType.F32, 1, Operand.Access.READ, new Operand.Bounds(0, 1, false), null))
                .hasMessage("Operand 'i' is READ of F32 and has bounds, expected READ of I32; bounds are of indices.");
    }

    /** Classes without a name, too. */
    @Test
    void everyOperationHasAName() {
        CustomOp anonymous = new CustomOp() {
            @Override
            public List<Operand> operands() {
                return List.of();
            }

            @Override
            public void reference(MemorySegment... operands) {}
        };
        assertThatThrownBy(() -> Declaration.require(anonymous))
                .hasMessageStartingWith("Operation io.llm2clip.kernels.operations.DeclarationTest$1 has 0 results");
    }
}
