package io.llm2clip.demo.scenes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SceneGeneratorTest {

    /** Computed independently: SplitMix64's finaliser over key + counter * gamma. */
    @Test
    void randomNumbersAreTheSameOnEveryMachine() {
        SceneRandom random = new SceneRandom(42);
        assertThat(List.of(random.below(1000), random.below(1000), random.below(1000)))
                .containsExactly(343, 955, 486);
    }

    @Property(tries = 300)
    void scenesKeepTheRules(@ForAll int seed, @ForAll @IntRange(max = 1_000_002) int index) {
        Scene scene = new SceneGenerator(seed).scene(index);
        assertThat(scene).isEqualTo(new SceneGenerator(seed).scene(index));
        List<SceneObject> ground = scene.objects().stream()
                .filter(object -> object.kind() instanceof Kind.Ground)
                .toList();
        assertThat(ground).hasSizeBetween(1, 2);
        assertThat(scene.objects()).hasSizeBetween(2, 3);
        assertThat(new HashSet<>(scene.objects().stream().map(SceneObject::kind).toList()))
                .hasSameSizeAs(scene.objects());
        assertThat(new HashSet<>(scene.objects().stream().map(SceneObject::slot).toList()))
                .hasSameSizeAs(scene.objects());
        scene.objects().forEach(SceneGeneratorTest::assertPlaced);
        if (!scene.weather().showsOrb()) {
            assertThat(scene.orb()).isNull();
        }
    }

    private static void assertPlaced(SceneObject object) {
        assertThat(Math.abs(object.x() - object.slot().x())).isLessThanOrEqualTo(5);
        boolean small = object.size() == Size.SMALL;
        switch (object.kind()) {
            case Kind.Ground ground -> {
                assertThat(Slot.GROUND).contains(object.slot());
                assertThat(object.y()).as(ground.name()).isBetween(101, 113);
                assertThat(object.height()).isBetween(small ? 25 : 44, small ? 31 : 52);
            }
            case Kind.Sky sky -> {
                assertThat(Slot.SKY).contains(object.slot());
                assertThat(object.y()).as(sky.name()).isBetween(32, 42);
                assertThat(object.height()).isBetween(small ? 18 : 31, small ? 22 : 37);
            }
        }
    }

    @Test
    void orbSuitsTheTimeOfDayAndIsThereInFourOfFiveClearScenes() {
        SceneGenerator generator = new SceneGenerator(3);
        int fair = 0;
        int orbs = 0;
        for (int i = 0; i < 4000; i++) {
            Scene scene = generator.scene(i);
            Orb orb = scene.orb();
            fair += scene.weather().showsOrb() ? 1 : 0;
            if (orb != null) {
                orbs++;
                assertThat(orb.kind() == Orb.Kind.SUN).isEqualTo(scene.light() != Light.NIGHT);
            }
        }
        assertThat((double) orbs / fair).isBetween(0.76, 0.84);
    }

    @Test
    void plainPatternsAreTwoInFive() {
        SceneGenerator generator = new SceneGenerator(5);
        List<SceneObject> objects = IntStream.range(0, 2000)
                .boxed()
                .flatMap(index -> generator.scene(index).objects().stream())
                .toList();
        double plain = objects.stream()
                .filter(object -> object.pattern() == Pattern.PLAIN)
                .count();
        assertThat(plain / objects.size()).isBetween(0.37, 0.43);
    }

    @Test
    void indexBelongsToOneSeed() {
        assertThatThrownBy(() -> new SceneGenerator(1).scene(1_000_003))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Scene index 1000003 is outside 0..1000002; use another seed for more scenes.");
        assertThatThrownBy(() -> new SceneGenerator(1).scene(-1)).hasMessageContaining("-1");
    }
}
