package io.llm2clip.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResourcesTest {
    private final List<String> freed = new ArrayList<>();

    @Test
    void theLastIsFreedFirstAndNothingTwice() {
        Resources resources = new Resources();
        resources.add(() -> freed.add("a"));
        resources.add(() -> freed.add("b"));
        resources.close();
        resources.close();
        assertThat(freed).containsExactly("b", "a");
    }

    @Test
    void aFailureKeepsNothingFromBeingFreed() {
        Resources resources = new Resources();
        resources.add(() -> freed.add("a"));
        resources.add(() -> fail("b"));
        resources.add(() -> fail("c"));
        assertThatThrownBy(resources::close)
                .hasMessage("c")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        resources.close();
        assertThat(freed).containsExactly("a");
        assertThatThrownBy(() -> Resources.closeAll(List.of(() -> fail("first"), () -> freed.add("second"))))
                .hasMessage("first");
        assertThat(freed).containsExactly("a", "second");
    }

    @Test
    void theReasonOfClosingKeepsWhatFailedInClosing() {
        Resources resources = new Resources();
        resources.add(() -> fail("closing"));
        Exception reason = new IllegalArgumentException("reason");
        resources.closeAfter(reason);
        assertThat(reason.getSuppressed())
                .singleElement()
                .satisfies(e -> assertThat(e).hasMessage("closing"));
    }

    private static void fail(String message) {
        throw new IllegalStateException(message);
    }
}
