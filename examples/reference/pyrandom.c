/* pyrandom.c: the streams of Python and NumPy, as the notebooks draw from them. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    /* random.seed(42); random.shuffle(words) */
    const char *words[] = {"emma", "olivia", "ava", "isabella", "sophia"};
    ore_python_random *python = ore_python_random_new(42);
    ore_python_random_shuffle(python, words, 5, sizeof *words);
    for (int i = 0; i < 5; i++)
        printf("%s ", words[i]);
    printf("\nuniform(-1, 1): %.6f\n", ore_python_random_uniform(python, -1, 1));
    ore_python_random_free(python);

    /* np.random.seed(1337); X, y = make_moons(n_samples=100, noise=0.1) */
    double points[100][2];
    int64_t labels[100];
    ore_numpy_random *numpy = ore_numpy_random_new(1337);
    ore_make_moons(numpy, 100, 0.1, points[0], labels);
    printf("the first of the moons: (%.4f, %.4f), label %lld\n", points[0][0], points[0][1],
           (long long)labels[0]);
    ore_numpy_random_free(numpy);
    return ore_ok() ? 0 : 1;
}
