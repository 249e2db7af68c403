package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Figure.Part.flat;
import static io.llm2clip.demo.scenes.Figure.Part.outlined;
import static io.llm2clip.demo.scenes.Shapes.circle;
import static io.llm2clip.demo.scenes.Shapes.curved;
import static io.llm2clip.demo.scenes.Shapes.drawn;
import static io.llm2clip.demo.scenes.Shapes.line;
import static io.llm2clip.demo.scenes.Shapes.polygon;
import static io.llm2clip.demo.scenes.Shapes.rounded;
import static io.llm2clip.demo.scenes.Shapes.union;

import java.awt.Color;
import java.awt.Shape;
import java.util.List;
import java.util.stream.Stream;

/** The figures of what flies. */
final class SkyFigures {
    private static final Color WICKER = new Color(140, 90, 52);
    private static final Color ROPE = new Color(70, 60, 60);
    private static final Color GLASS = new Color(196, 228, 246);
    private static final Color BEAK = new Color(240, 160, 50);
    private static final Color FIN = new Color(122, 52, 60);

    private static final List<Figure> FIGURES =
            Stream.of(Kind.Sky.values()).map(SkyFigures::draw).toList();

    private SkyFigures() {}

    static Figure of(Kind.Sky kind) {
        return FIGURES.get(kind.ordinal());
    }

    private static Figure draw(Kind.Sky kind) {
        return switch (kind) {
            case BALLOON -> balloon();
            case KITE -> kite();
            case BIRD -> bird();
            case ROCKET -> rocket();
            case STAR -> star();
        };
    }

    private static Figure balloon() {
        Shape envelope = curved(
                -0.1, 0.26, -0.22, 0.1, -0.39, 0.04, -0.39, -0.15, -0.39, -0.36, -0.2, -0.5, 0, -0.5, 0.2, -0.5, 0.39,
                -0.36, 0.39, -0.15, 0.39, 0.04, 0.22, 0.1, 0.1, 0.26);
        return new Figure(
                List.of(flat(line(0.03, -0.08, 0.24, -0.07, 0.4), ROPE), flat(line(0.03, 0.08, 0.24, 0.07, 0.4), ROPE)),
                envelope,
                List.of(outlined(rounded(-0.1, 0.36, 0.1, 0.5, 0.03), WICKER)),
                0);
    }

    private static Figure kite() {
        return new Figure(
                List.of(
                        flat(
                                drawn(
                                        0.035, 0, 0.2, 0.14, 0.3, -0.12, 0.36, 0.02, 0.44, 0.1, 0.5, 0.02, 0.54, -0.02,
                                        0.58),
                                ROPE),
                        flat(polygon(0.04, 0.32, 0.15, 0.28, 0.13, 0.38), FIN),
                        flat(polygon(-0.02, 0.42, -0.14, 0.38, -0.11, 0.48), FIN)),
                polygon(0, -0.5, 0.32, -0.16, 0, 0.26, -0.32, -0.16),
                List.of(flat(line(0.02, 0, -0.5, 0, 0.26), ROPE), flat(line(0.02, -0.32, -0.16, 0.32, -0.16), ROPE)),
                0);
    }

    private static Figure bird() {
        Shape torso = curved(
                0.5, -0.02, 0.42, -0.2, 0.22, -0.2, 0.12, -0.04, -0.1, 0.02, -0.35, 0, -0.62, -0.08, -0.5, 0.02, -0.5,
                0.06, -0.6, 0.16, -0.3, 0.3, 0.3, 0.34, 0.5, -0.02);
        Shape wing = curved(
                0.2, 0.08, 0.16, -0.28, -0.06, -0.46, -0.36, -0.52, -0.28, -0.3, -0.28, -0.1, -0.2, 0.1, -0.1, 0.18,
                0.1, 0.18, 0.2, 0.08);
        return new Figure(
                List.of(outlined(polygon(0.44, -0.12, 0.68, -0.02, 0.46, 0.06), BEAK)),
                union(torso, wing),
                List.of(
                        flat(drawn(0.035, 0.2, 0.06, 0.12, 0.2, -0.1, 0.2, -0.2, 0.1), ROPE),
                        flat(circle(0.36, -0.05, 0.045), new Color(30, 30, 34))),
                0);
    }

    private static Figure rocket() {
        Shape body = curved(
                0, -0.5, 0.2, -0.34, 0.22, -0.02, 0.13, 0.28, 0.05, 0.28, -0.05, 0.28, -0.13, 0.28, -0.22, -0.02, -0.2,
                -0.34, 0, -0.5);
        return new Figure(
                List.of(
                        outlined(polygon(-0.15, 0.02, -0.3, 0.34, -0.08, 0.28), FIN),
                        outlined(polygon(0.15, 0.02, 0.3, 0.34, 0.08, 0.28), FIN),
                        flat(
                                curved(-0.1, 0.28, -0.1, 0.4, -0.04, 0.42, 0, 0.54, 0.04, 0.42, 0.1, 0.4, 0.1, 0.28),
                                new Color(255, 170, 60)),
                        flat(
                                curved(
                                        -0.05, 0.28, -0.05, 0.36, -0.02, 0.38, 0, 0.44, 0.02, 0.38, 0.05, 0.36, 0.05,
                                        0.28),
                                new Color(255, 240, 150))),
                body,
                List.of(outlined(circle(0, -0.17, 0.08), GLASS)),
                0);
    }

    private static Figure star() {
        double[] points = new double[20];
        for (int i = 0; i < 10; i++) {
            double radius = i % 2 == 0 ? 0.54 : 0.23;
            double angle = -Math.PI / 2 + i * Math.PI / 5;
            points[2 * i] = radius * Math.cos(angle);
            points[2 * i + 1] = 0.03 + radius * Math.sin(angle);
        }
        return new Figure(List.of(), polygon(points), List.of(), 0);
    }
}
